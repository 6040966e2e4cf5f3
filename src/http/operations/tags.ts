/** TagResource, UntagResource, ListTags: of functions (LAMBDA.md C3.28). */
import { notGiven } from '../../model/validation.ts';
import { JsonReader } from '../json-reader.ts';
import { label, type Operation } from '../operation.ts';

const path = '/2017-03-31/tags/{Resource}';

const tagResource: Operation = {
  name: 'TagResource',
  method: 'POST',
  path,
  async run(request) {
    const tags = JsonReader.parse(request.body).stringMap('Tags');
    if (tags === undefined) throw notGiven({ tags });
    await request.engine.functions.tags.add(label(request, 'Resource'), tags);
    return { status: 204 };
  },
};

const untagResource: Operation = {
  name: 'UntagResource',
  method: 'DELETE',
  path,
  async run(request) {
    const keys = request.queryAll('tagKeys');
    if (keys.length === 0) throw notGiven({ tagKeys: undefined });
    await request.engine.functions.tags.remove(label(request, 'Resource'), keys);
    return { status: 204 };
  },
};

const listTags: Operation = {
  name: 'ListTags',
  method: 'GET',
  path,
  async run(request) {
    return { status: 200, body: { Tags: request.engine.functions.tags.list(label(request, 'Resource')) } };
  },
};

export const tagOperations: readonly Operation[] = [tagResource, untagResource, listTags];
