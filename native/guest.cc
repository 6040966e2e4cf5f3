// What JavaScript cannot ask V8, for Node's library in a guest: the context that promises carry (AsyncLocalStorage), promise
// hooks, what is inside promises, proxies and iterators, `import()`, and text at V8's speed. Optional: without it the guest
// does with less. Only V8's own interface; no Node, no libuv, no state, no memory of its own.
//
// Guests are hostile and their objects come in here. So each function checks the kind of each argument before it uses it, runs
// no code of the guest, keeps no pointer into a buffer beyond its own call, and answers `undefined` to what makes no sense.
#include <v8.h>

using namespace v8;

namespace {

using Arguments = FunctionCallbackInfo<Value>;

// A name that no script can spell, under which the function that serves `import()` hangs on the context's global object.
Local<Private> ImporterKey(Isolate* isolate) {
  return Private::ForApi(isolate, String::NewFromUtf8Literal(isolate, "isotherm:importer"));
}

void GetContext(const Arguments& info) {
  Local<Data> data = info.GetIsolate()->GetContinuationPreservedEmbedderDataV2();
  if (!data.IsEmpty() && data->IsValue()) info.GetReturnValue().Set(data.As<Value>());
}

void SetContext(const Arguments& info) {
  info.GetIsolate()->SetContinuationPreservedEmbedderDataV2(info[0]);
}

// V8 prints what a hook throws, at the end of the stack even the library's, unless somebody listens. Nobody is to read it.
void IgnoreMessage(Local<Message>, Local<Value>) {}

// Four functions, each of which may be undefined: a promise was made, its reaction begins, ends, it was resolved.
void SetPromiseHooks(const Arguments& info) {
  Local<Function> hooks[4];
  for (int at = 0; at < 4; at++) {
    if (info[at]->IsFunction()) hooks[at] = info[at].As<Function>();
  }
  Isolate* isolate = info.GetIsolate();
  isolate->RemoveMessageListeners(IgnoreMessage);
  isolate->AddMessageListener(IgnoreMessage);
  isolate->GetCurrentContext()->SetPromiseHooks(hooks[0], hooks[1], hooks[2], hooks[3]);
}

void IsProxy(const Arguments& info) {
  info.GetReturnValue().Set(info[0]->IsProxy());
}

// [state] or [state, result]. The states are V8's: 0 pending, 1 fulfilled, 2 rejected.
void GetPromiseDetails(const Arguments& info) {
  if (!info[0]->IsPromise()) return;
  Isolate* isolate = info.GetIsolate();
  Local<Promise> promise = info[0].As<Promise>();
  const bool is_pending = promise->State() == Promise::kPending;
  Local<Value> details[2] = {Integer::New(isolate, promise->State()), Undefined(isolate)};
  if (!is_pending) details[1] = promise->Result();
  info.GetReturnValue().Set(Array::New(isolate, details, is_pending ? 1 : 2));
}

// [target, handler]; both null when the proxy was revoked.
void GetProxyDetails(const Arguments& info) {
  if (!info[0]->IsProxy()) return;
  Local<Proxy> proxy = info[0].As<Proxy>();
  Local<Value> details[2] = {proxy->GetTarget(), proxy->GetHandler()};
  info.GetReturnValue().Set(Array::New(info.GetIsolate(), details, 2));
}

// [entries, whether they are keys and values in turn] of a map, a set, a weak one, or an iterator of one, which is not moved.
void PreviewEntries(const Arguments& info) {
  if (!info[0]->IsMap() && !info[0]->IsSet() && !info[0]->IsWeakMap() && !info[0]->IsWeakSet() &&
      !info[0]->IsMapIterator() && !info[0]->IsSetIterator()) {
    return;
  }
  Isolate* isolate = info.GetIsolate();
  bool is_key_value = false;
  Local<Array> entries;
  if (!info[0].As<Object>()->PreviewEntries(&is_key_value).ToLocal(&entries)) return;
  Local<Value> preview[2] = {entries, Boolean::New(isolate, is_key_value)};
  info.GetReturnValue().Set(Array::New(isolate, preview, 2));
}

// The bytes from `start` to `end` of a Uint8Array, cut to what it has. Small arrays have no memory of their own outside V8's
// heap, hence the copy in `storage`.
struct Part {
  explicit Part(const Arguments& info) {
    if (!info[0]->IsUint8Array() || !info[1]->IsUint32() || !info[2]->IsUint32()) return;
    MemorySpan<uint8_t> bytes = info[0].As<ArrayBufferView>()->GetContents(MemorySpan<uint8_t>(storage, sizeof(storage)));
    const size_t start = info[1].As<Uint32>()->Value();
    const size_t end = info[2].As<Uint32>()->Value();
    const size_t to = end < bytes.size() ? end : bytes.size();
    if (start >= to || to - start > static_cast<size_t>(String::kMaxLength)) return;
    data = bytes.data() + start;
    size = static_cast<int>(to - start);
  }

  const uint8_t* data = nullptr;
  int size = 0;
  uint8_t storage[64];
};

// Malformed sequences become U+FFFD, as the Encoding Standard says.
void DecodeUtf8(const Arguments& info) {
  const Part part(info);
  Local<String> text;
  if (part.data == nullptr) return;
  const char* bytes = reinterpret_cast<const char*>(part.data);
  if (String::NewFromUtf8(info.GetIsolate(), bytes, NewStringType::kNormal, part.size).ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  }
}

void DecodeLatin1(const Arguments& info) {
  const Part part(info);
  Local<String> text;
  if (part.data == nullptr) return;
  if (String::NewFromOneByte(info.GetIsolate(), part.data, NewStringType::kNormal, part.size).ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  }
}

void Utf8Length(const Arguments& info) {
  if (!info[0]->IsString()) return;
  info.GetReturnValue().Set(static_cast<double>(info[0].As<String>()->Utf8LengthV2(info.GetIsolate())));
}

// (text, bytes, offset): as many whole characters as fit behind the offset; returns how many bytes they are.
void WriteUtf8(const Arguments& info) {
  if (!info[0]->IsString() || !info[1]->IsUint8Array() || !info[2]->IsUint32()) return;
  Local<Uint8Array> target = info[1].As<Uint8Array>();
  // Asking for the buffer gives small arrays memory of their own; only then is their place in it known.
  Local<ArrayBuffer> buffer = target->Buffer();
  const size_t offset = info[2].As<Uint32>()->Value();
  const size_t room = target->ByteLength();
  if (buffer->Data() == nullptr || offset >= room) return;
  char* to = static_cast<char*>(buffer->Data()) + target->ByteOffset() + offset;
  const size_t written =
      info[0].As<String>()->WriteUtf8V2(info.GetIsolate(), to, room - offset, String::WriteFlags::kReplaceInvalidUtf8);
  info.GetReturnValue().Set(static_cast<double>(written));
}

// V8 asks for each `import()` that is run; the answer is the guest's own function, which returns a promise.
MaybeLocal<Promise> Import(Local<Context> context, Local<Data>, Local<Value> referrer, Local<String> specifier,
                           Local<FixedArray>) {
  Isolate* isolate = Isolate::GetCurrent();
  Local<Value> importer;
  if (!context->Global()->GetPrivate(context, ImporterKey(isolate)).ToLocal(&importer)) return {};
  Local<Value> args[2] = {specifier, referrer};
  Local<Value> answer;
  if (importer->IsFunction() &&
      !importer.As<Function>()->Call(context, Undefined(isolate), 2, args).ToLocal(&answer)) {
    return {};
  }
  if (!answer.IsEmpty() && answer->IsPromise()) return answer.As<Promise>();
  isolate->ThrowException(Exception::Error(String::NewFromUtf8Literal(isolate, "Not supported")));
  return {};
}

void SetImporter(const Arguments& info) {
  Isolate* isolate = info.GetIsolate();
  Local<Context> context = isolate->GetCurrentContext();
  if (!info[0]->IsFunction()) return;
  if (context->Global()->SetPrivate(context, ImporterKey(isolate), info[0]).IsNothing()) return;
  isolate->SetHostImportModuleDynamicallyCallback(Import);
}

}  // namespace

// isolated-vm calls this once for each context that asks.
extern "C" __attribute__((visibility("default"))) void InitForContext(Isolate* isolate, Local<Context> context,
                                                                      Local<Object> target) {
  const auto add = [&](const char* name, FunctionCallback callback) {
    Local<String> key;
    Local<Function> function;
    if (!String::NewFromUtf8(isolate, name, NewStringType::kInternalized).ToLocal(&key)) return;
    if (!Function::New(context, callback, Local<Value>(), 0, ConstructorBehavior::kThrow).ToLocal(&function)) return;
    function->SetName(key);
    // Defined, not assigned: the guest may have put a setter on Object.prototype.
    if (target->CreateDataProperty(context, key, function).IsNothing()) return;
  };
  add("getContext", GetContext);
  add("setContext", SetContext);
  add("setPromiseHooks", SetPromiseHooks);
  add("isProxy", IsProxy);
  add("getPromiseDetails", GetPromiseDetails);
  add("getProxyDetails", GetProxyDetails);
  add("previewEntries", PreviewEntries);
  add("decodeUtf8", DecodeUtf8);
  add("decodeLatin1", DecodeLatin1);
  add("utf8Length", Utf8Length);
  add("writeUtf8", WriteUtf8);
  add("setImporter", SetImporter);
}
