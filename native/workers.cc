// Threads for the work that V8 gives away (parallel collection of garbage, compilation), in a process that was forked: those of Node's
// platform exist in its template only (jail/template.c), and what waits for them would wait for ever. The template calls this before it
// forks; its children start threads when the first work comes.
//
// Only public interfaces: of Node how to find its platform, of V8 which methods give work to threads. Those two are replaced in the
// platform's table of virtual functions, as the C++ ABI of x86-64 and arm64 lays it out; there is one platform in a process.
#include <node.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#include <v8-platform.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>

namespace {

using Clock = std::chrono::steady_clock;

// Of the work of a program that has just warmed up, on a machine that has other things to do.
constexpr std::chrono::seconds finish_max{20};

// Names what is protected.
struct Methods : v8::Platform {
  static auto Post() { return &Methods::PostTaskOnWorkerThreadImpl; }
  static auto PostDelayed() { return &Methods::PostDelayedTaskOnWorkerThreadImpl; }
};

struct Waiting {
  Clock::time_point due;
  uint64_t number;
  v8::Task* task;
  bool operator<(const Waiting& other) const { return due != other.due ? due < other.due : number < other.number; }
};

class Workers {
 public:
  void Post(std::unique_ptr<v8::Task> task, double delay_seconds) {
    auto delay = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(delay_seconds));
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_.insert({Clock::now() + delay, posted_++, task.release()});
    // One that cannot be started is no loss: who needs the work done now joins in it, and the rest waits.
    if (waiting_.size() > idle_ && threads_ < threads_max && Start()) threads_++;
    changed_.notify_one();
  }

  size_t threads_max = 1;

 private:
  bool Start() {
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool is_started = pthread_create(&thread, &attributes, Run, this) == 0;
    pthread_attr_destroy(&attributes);
    return is_started;
  }

  static void* Run(void* workers) {
    for (;;) static_cast<Workers*>(workers)->Take()->Run();
  }

  std::unique_ptr<v8::Task> Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    idle_++;
    for (;;) {
      if (waiting_.empty()) {
        changed_.wait(lock);
      } else if (auto first = *waiting_.begin(); first.due > Clock::now()) {
        changed_.wait_until(lock, first.due);
      } else {
        waiting_.erase(waiting_.begin());
        idle_--;
        return std::unique_ptr<v8::Task>(first.task);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<Waiting> waiting_;
  uint64_t posted_ = 0;
  size_t threads_ = 0;
  size_t idle_ = 0;
};

// Never destroyed: threads use it to the end of the process.
Workers* workers = nullptr;

void Post(v8::Platform*, v8::TaskPriority, std::unique_ptr<v8::Task> task, const v8::SourceLocation&) {
  workers->Post(std::move(task), 0);
}

void PostDelayed(v8::Platform*, v8::TaskPriority, std::unique_ptr<v8::Task> task, double delay, const v8::SourceLocation&) {
  workers->Post(std::move(task), delay);
}

// One of as many tasks as there are threads, each of which waits until all have been begun: then no thread does anything else.
class Rendezvous : public v8::Task {
 public:
  struct Meeting {
    std::mutex mutex;
    std::condition_variable changed;
    int awaited;
  };

  explicit Rendezvous(std::shared_ptr<Meeting> meeting) : meeting_(std::move(meeting)) {}

  void Run() override {
    std::unique_lock<std::mutex> lock(meeting_->mutex);
    meeting_->awaited--;
    meeting_->changed.notify_all();
    meeting_->changed.wait(lock, [this] { return meeting_->awaited <= 0; });
  }

 private:
  std::shared_ptr<Meeting> meeting_;
};

// What V8 gave to Node's threads is finished by them, while they are there: a collection or a compilation that a fork cuts off leaves a heap
// that nobody may touch, and locks that nobody opens. DrainTasks waits for what is urgent only. The least urgent tasks come last.
bool Finish(node::MultiIsolatePlatform* platform, v8::Isolate* isolate) {
  platform->DrainTasks(isolate);
  auto meeting = std::make_shared<Rendezvous::Meeting>();
  // Node counts the thread that waits for delayed tasks, too, which runs none.
  int threads = platform->NumberOfWorkerThreads() - 1;
  meeting->awaited = threads;
  for (int i = 0; i < threads; i++) {
    platform->PostTaskOnWorkerThread(v8::TaskPriority::kBestEffort, std::make_unique<Rendezvous>(meeting));
  }
  std::unique_lock<std::mutex> lock(meeting->mutex);
  return meeting->changed.wait_for(lock, finish_max, [&] { return meeting->awaited <= 0; });
}

// A pointer to a virtual function tells its place in the table: as one more than the offset, on arm64 as the offset.
template <class Method>
ptrdiff_t OffsetOf(Method method) {
  ptrdiff_t words[2];
  static_assert(sizeof words == sizeof method);
  std::memcpy(words, &method, sizeof words);
#ifdef __aarch64__
  return words[0];
#else
  return words[0] - 1;
#endif
}

bool Replace(v8::Platform* platform, ptrdiff_t offset, void* function) {
  char* table;
  std::memcpy(&table, static_cast<void*>(platform), sizeof table);
  char* entry = table + offset;
  auto page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  auto* page = reinterpret_cast<void*>(reinterpret_cast<uintptr_t>(entry) & ~(page_bytes - 1));
  if (mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0) return false;
  std::memcpy(entry, &function, sizeof function);
  return mprotect(page, page_bytes, PROT_READ) == 0;
}

}  // namespace

// Called by the thread that forks, with nothing of V8's under way. Whether work goes to our threads from now on.
extern "C" __attribute__((visibility("default"))) int isotherm_own_workers() {
  v8::Isolate* isolate = v8::Isolate::GetCurrent();
  v8::HandleScope scope(isolate);
  node::MultiIsolatePlatform* platform = node::GetMultiIsolatePlatform(node::GetCurrentEnvironment(isolate->GetCurrentContext()));
  if (platform == nullptr) return 0;
  // Else each child collects what the warm-up left, and copies every page that it moves something from: 5 of 70 ms of CPU.
  isolate->LowMemoryNotification();
  if (!Finish(platform, isolate)) return 0;
  workers = new Workers;
  workers->threads_max = static_cast<size_t>(platform->NumberOfWorkerThreads());
  return Replace(platform, OffsetOf(Methods::Post()), reinterpret_cast<void*>(Post)) &&
         Replace(platform, OffsetOf(Methods::PostDelayed()), reinterpret_cast<void*>(PostDelayed));
}
