// What JavaScript cannot ask V8, for Node's library in a guest: the context that promises carry (AsyncLocalStorage), promise
// hooks, what is inside promises, proxies and iterators, `import()`, and text at V8's speed. Optional: without it the guest
// does with less. Only V8's own interface; no Node, no libuv, and no state but the tables of Node's library, which the sandbox
// fills before there are guests and nobody changes, and the isolates that may be stopped.
//
// Guests are hostile and their objects come in here. So each function checks the kind of each argument before it uses it, runs
// no code of the guest, keeps no pointer into a buffer beyond its own call, and answers `undefined` to what makes no sense.
#include <node_version.h>
#include <v8.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string_view>
#include <string>
#include <vector>

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

// A text in memory of the process, which all isolates read and none copies.
class SharedText final : public String::ExternalOneByteStringResource {
 public:
  SharedText(const char* data, size_t size) : data_(data), size_(size) {}
  const char* data() const override { return data_; }
  size_t length() const override { return size_; }
  // Isolates end; the text stays.
  void Dispose() override {}

 private:
  const char* const data_;
  const size_t size_;
};

// One script of Node's library: its text and its code cache.
struct LibraryScript {
  SharedText text;
  std::string filename;
  const uint8_t* cache;
  int cache_size;
};

struct Table {
  std::shared_ptr<BackingStore> bytes;
  std::vector<std::unique_ptr<LibraryScript>> scripts;
  // By id, sorted.
  std::vector<std::pair<std::string, const LibraryScript*>> ids;

  const LibraryScript* Find(std::string_view id) const {
    auto found = std::lower_bound(ids.begin(), ids.end(), id, [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
    return found != ids.end() && found->first == id ? found->second : nullptr;
  }
};

// A process has two; tests have some. They stay to its end.
constexpr uint32_t kTablesMax = 128;
const Table* tables[kTablesMax];
std::atomic<uint32_t> table_count{0};

const Table* FindTable(Local<Value> number) {
  if (!number->IsUint32()) return nullptr;
  const uint32_t value = number.As<Uint32>()->Value();
  return value < table_count.load(std::memory_order_acquire) ? tables[value] : nullptr;
}

struct Evaluated {
  Local<Value> value;
  bool is_cache_accepted = false;
};

// Compiled with its code cache on the thread that asks.
Evaluated Evaluate(Isolate* isolate, const LibraryScript& script) {
  Local<Context> context = isolate->GetCurrentContext();
  Evaluated evaluated;
  Local<String> text, filename;
  if (!String::NewExternalOneByte(isolate, const_cast<SharedText*>(&script.text)).ToLocal(&text)) return evaluated;
  if (!String::NewFromUtf8(isolate, script.filename.c_str()).ToLocal(&filename)) return evaluated;
  ScriptCompiler::Source source(text, ScriptOrigin(filename),
                                new ScriptCompiler::CachedData(script.cache, script.cache_size));
  Local<Script> compiled;
  if (!ScriptCompiler::Compile(context, &source, ScriptCompiler::kConsumeCodeCache).ToLocal(&compiled)) return evaluated;
  evaluated.is_cache_accepted = !source.GetCachedData()->rejected;
  if (!compiled->Run(context).ToLocal(&evaluated.value)) return {};
  return evaluated;
}

// (table, id): what the script that holds this module evaluates to.
void Builtin(const Arguments& info) {
  const Table* table = FindTable(info[0]);
  if (table == nullptr || !info[1]->IsString()) return;
  Isolate* isolate = info.GetIsolate();
  char id[256];
  Local<String> name = info[1].As<String>();
  if (name->Length() > 80) return;
  const size_t size = name->WriteUtf8V2(isolate, id, sizeof(id));
  const LibraryScript* found = table->Find(std::string_view(id, size));
  if (found == nullptr) return;
  const Evaluated evaluated = Evaluate(isolate, *found);
  if (!evaluated.value.IsEmpty()) info.GetReturnValue().Set(evaluated.value);
}

// Gives back what garbage holds. The sandbox asks for it while the guest is frozen.
void CollectGarbage(const Arguments& info) {
  info.GetIsolate()->LowMemoryNotification();
}

// glibc keeps what was freed, in holes between what is not; other C libraries have no such function, and need none.
extern "C" int malloc_trim(size_t pad) __attribute__((weak));

// For the sandbox's own isolate: gives the free pages of the C heap back to the system. A millisecond or two for a hundred guests.
void TrimHeap(const Arguments&) {
  if (malloc_trim != nullptr) malloc_trim(0);
}

// What other threads may do with an isolate: stop it, and ask how many rejected promises nobody has handled.
struct Handle {
  Isolate* isolate;
  uint32_t rejections;
};

// By numbers that nobody guesses: who stops an isolate must have been told its number.
std::mutex handles_mutex;
std::map<uint64_t, Handle> handles;

Local<Private> StopKey(Isolate* isolate) {
  return Private::ForApi(isolate, String::NewFromUtf8Literal(isolate, "isotherm:stop"));
}

// V8 frees a buffer at the latest when it tears the heap down, while the isolate itself is still whole: from then on its number
// stops nobody. So no number outlives its isolate.
void Forget(void*, size_t, void* number) {
  std::unique_ptr<uint64_t> owned(static_cast<uint64_t*>(number));
  std::lock_guard<std::mutex> lock(handles_mutex);
  handles.erase(*owned);
}

Local<Private> RejectionKey(Isolate* isolate) {
  return Private::ForApi(isolate, String::NewFromUtf8Literal(isolate, "isotherm:rejection"));
}

// While `handles_mutex` is held.
Handle* FindHandle(Local<Value> number) {
  if (!number->IsNumber()) return nullptr;
  const double value = number.As<Number>()->Value();
  if (!(value > 0) || value >= 9007199254740992.0) return nullptr;
  auto found = handles.find(static_cast<uint64_t>(value));
  return found == handles.end() ? nullptr : &found->second;
}

// Under which number this isolate can be stopped; it has one.
double StopNumber(Isolate* isolate, Local<Context> context) {
  Local<Value> known;
  Local<Object> global = context->Global();
  if (global->GetPrivate(context, StopKey(isolate)).ToLocal(&known) && known->IsArray()) {
    Local<Value> number;
    if (known.As<Array>()->Get(context, 0).ToLocal(&number) && number->IsNumber()) return number.As<Number>()->Value();
  }
  std::random_device random;
  auto number = std::make_unique<uint64_t>(((static_cast<uint64_t>(random()) << 32) | random()) >> 11);
  const uint64_t value = *number;
  static char byte;
  {
    std::lock_guard<std::mutex> lock(handles_mutex);
    handles[value] = {isolate, 0};
  }
  Local<Value> kept[2] = {Number::New(isolate, static_cast<double>(value)),
                          ArrayBuffer::New(isolate, ArrayBuffer::NewBackingStore(&byte, 1, Forget, number.release()))};
  if (global->SetPrivate(context, StopKey(isolate), Array::New(isolate, kept, 2)).IsNothing()) return 0;
  return static_cast<double>(value);
}

// (number): ends what runs in that isolate, on whatever thread. Unlike a request to interrupt, which isolated-vm makes of a
// timeout and of `dispose`, this reaches what asks V8 only whether to end: arithmetic of BigInt, loops of short built-ins.
void Terminate(const Arguments& info) {
  std::lock_guard<std::mutex> lock(handles_mutex);
  if (Handle* found = FindHandle(info[0])) found->isolate->TerminateExecution();
}

// (number): how many rejected promises of that isolate nobody has handled, as its runtime last counted them. Asking is once.
void Rejections(const Arguments& info) {
  std::lock_guard<std::mutex> lock(handles_mutex);
  Handle* found = FindHandle(info[0]);
  if (found == nullptr) return;
  info.GetReturnValue().Set(found->rejections);
  found->rejections = 0;
}

// isolated-vm's own books hold rejected promises weakly: one that is collected before its slice ends is never reported. The
// runtime's function keeps them, and says how many there are.
void OnReject(PromiseRejectMessage message) {
  const PromiseRejectEvent event = message.GetEvent();
  if (event != kPromiseRejectWithNoHandler && event != kPromiseHandlerAddedAfterReject) return;
  Isolate* isolate = Isolate::GetCurrent();
  Local<Context> context = isolate->GetCurrentContext();
  Local<Value> listener, kept, number, count;
  if (context.IsEmpty()) return;
  Local<Object> global = context->Global();
  if (!global->GetPrivate(context, RejectionKey(isolate)).ToLocal(&listener) || !listener->IsFunction()) return;
  if (!global->GetPrivate(context, StopKey(isolate)).ToLocal(&kept) || !kept->IsArray()) return;
  if (!kept.As<Array>()->Get(context, 0).ToLocal(&number)) return;
  const TryCatch nobody_is_told(isolate);
  Local<Value> reason = message.GetValue();
  Local<Value> args[3] = {Boolean::New(isolate, event == kPromiseRejectWithNoHandler), message.GetPromise(),
                          reason.IsEmpty() ? Undefined(isolate).As<Value>() : reason};
  if (!listener.As<Function>()->Call(context, Undefined(isolate), 3, args).ToLocal(&count) || !count->IsUint32()) return;
  std::lock_guard<std::mutex> lock(handles_mutex);
  if (Handle* found = FindHandle(number)) found->rejections = count.As<Uint32>()->Value();
}

// The core leaves its function on the global object.
void TakeRejectionListener(Isolate* isolate, Local<Context> context) {
  Local<String> name = String::NewFromUtf8Literal(isolate, "__isothermRejection");
  Local<Object> global = context->Global();
  Local<Value> listener;
  if (!global->Get(context, name).ToLocal(&listener) || !listener->IsFunction()) return;
  if (global->SetPrivate(context, RejectionKey(isolate), listener).IsNothing()) return;
  if (global->Delete(context, name).IsNothing()) return;
  isolate->SetPromiseRejectCallback(OnReject);
}

// (table): runs the runtime's core, the only script of that table, in a context that nobody runs in yet; whether V8 took its code
// cache. A copy of its text would be a tenth of what an idle guest holds.
void RunCore(const Arguments& info) {
  const Table* table = FindTable(info[0]);
  if (table == nullptr || table->scripts.size() != 1) return;
  Isolate* isolate = info.GetIsolate();
  const Evaluated evaluated = Evaluate(isolate, *table->scripts.front());
  if (evaluated.value.IsEmpty()) return;
  TakeRejectionListener(isolate, isolate->GetCurrentContext());
  info.GetReturnValue().Set(evaluated.is_cache_accepted);
}

// For the sandbox's own isolate: (bytes, [filename, source offset, size, cache offset, size, [id, ...]], ...), the number of the
// table. Offsets were checked by whoever calls.
void AddTable(const Arguments& info) {
  Isolate* isolate = info.GetIsolate();
  Local<Context> context = isolate->GetCurrentContext();
  const uint32_t number = table_count.load();
  if (number >= kTablesMax || !info[0]->IsArrayBuffer() || !info[1]->IsArray()) return;
  auto table = std::make_unique<Table>();
  table->bytes = info[0].As<ArrayBuffer>()->GetBackingStore();
  const char* bytes = static_cast<const char*>(table->bytes->Data());
  Local<Array> entries = info[1].As<Array>();
  for (uint32_t at = 0; at < entries->Length(); at++) {
    Local<Value> entry, part[6];
    if (!entries->Get(context, at).ToLocal(&entry) || !entry->IsArray()) return;
    for (uint32_t which = 0; which < 6; which++) {
      if (!entry.As<Array>()->Get(context, which).ToLocal(&part[which])) return;
    }
    const auto number_at = [&](int which) { return static_cast<size_t>(part[which].As<Number>()->Value()); };
    if (!part[5]->IsArray()) return;
    table->scripts.push_back(std::unique_ptr<LibraryScript>(
        new LibraryScript{SharedText(bytes + number_at(1), number_at(2)), *String::Utf8Value(isolate, part[0]),
                    reinterpret_cast<const uint8_t*>(bytes) + number_at(3), static_cast<int>(number_at(4))}));
    Local<Array> ids = part[5].As<Array>();
    for (uint32_t which = 0; which < ids->Length(); which++) {
      Local<Value> id;
      if (!ids->Get(context, which).ToLocal(&id)) return;
      table->ids.emplace_back(*String::Utf8Value(isolate, id), table->scripts.back().get());
    }
  }
  std::sort(table->ids.begin(), table->ids.end());
  tables[number] = table.release();
  table_count.store(number + 1, std::memory_order_release);
  info.GetReturnValue().Set(number);
}

}  // namespace

#define ISOTHERM_JOIN(a, b) a##b
#define ISOTHERM_NODE_ENTRY(version) ISOTHERM_JOIN(node_register_module_v, version)

// Node calls this, in the sandbox's own isolate, which is the only one that may fill tables.
extern "C" __attribute__((visibility("default"))) void ISOTHERM_NODE_ENTRY(NODE_MODULE_VERSION)(Local<Object> exports,
                                                                                                Local<Value>,
                                                                                                Local<Context> context) {
  Isolate* isolate = Isolate::GetCurrent();
  Local<Function> function;
  if (!Function::New(context, AddTable).ToLocal(&function)) return;
  if (exports->Set(context, String::NewFromUtf8Literal(isolate, "addTable"), function).IsNothing()) return;
  if (!Function::New(context, Terminate).ToLocal(&function)) return;
  if (exports->Set(context, String::NewFromUtf8Literal(isolate, "terminate"), function).IsNothing()) return;
  if (!Function::New(context, TrimHeap).ToLocal(&function)) return;
  if (exports->Set(context, String::NewFromUtf8Literal(isolate, "trimHeap"), function).IsNothing()) return;
  if (!Function::New(context, Rejections).ToLocal(&function)) return;
  if (exports->Set(context, String::NewFromUtf8Literal(isolate, "rejections"), function).IsNothing()) return;
}

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
  add("runCore", RunCore);
  add("builtin", Builtin);
  add("collectGarbage", CollectGarbage);
  add("terminate", Terminate);
  if (target->CreateDataProperty(context, String::NewFromUtf8Literal(isolate, "stopNumber"),
                                 Number::New(isolate, StopNumber(isolate, context))).IsNothing()) {
    return;
  }
}
