/*
 * Makes sandboxes of a process that is ready to be one: a template has loaded all that a sandbox loads, has met no guest, and is forked
 * instead of started anew. The module is one function, `template(seats, path)`, with the path of the native module (workers.cc). It returns
 * in the children only, with the number of their seat; in the template it serves the host until that is gone.
 *
 * The host's side of descriptor 3 sends two bytes for each command, an operation and a seat, and gets eight for each event, an event, a
 * seat, two zeroes and a number (little-endian, like every machine that there is a jail for):
 *
 *     'f' fork into this seat     'f' forked: its pid       'x' not forked: errno
 *     'k' kill what is in it      'e' ended: its status, as waitpid tells it
 *     'w' wait for it: its end    'r' ready: this is the first
 *         has been seen
 *
 * The module's caller has opened its own socket as descriptor 3 before, which nobody has read from: in a child that number is the seat's,
 * and libuv looks at it anew.
 *
 * A seat is five descriptors that become a child's 1 to 5 (src/supervisor/launch.ts), and serves once. A child that has ended keeps its pid
 * until the host has noted that: nobody who takes it from the host's list ever means a stranger.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layers.h"
#include "node-api.h"

enum { CONTROL = 3, FIRST_OF_SEATS = 6, DESCRIPTORS_OF_SEAT = 5, SEATS_MAX = 64, OF_THREADS_MAX = 64 };

struct event {
    uint8_t kind;
    uint8_t seat;
    uint8_t zeroes[2];
    int32_t value;
};

static struct {
    pid_t pid;
    int has_ended;
} children[SEATS_MAX];
static int bell[2];
/*
 * What waits for the template's own threads: pipes, event counters and epolls of their event loops. A child has no such threads, and what it
 * did to these would be done to the template and to each other sandbox of it.
 */
static struct {
    int descriptor;
    ino_t inode;
} of_threads[OF_THREADS_MAX];
static unsigned of_threads_count;

static void ring(int signal) {
    int error = errno;
    (void)signal;
    /* Full means that it has rung. */
    if (write(bell[1], "", 1) < 0) errno = error;
    errno = error;
}

static void tell(uint8_t kind, unsigned seat, int32_t value) {
    struct event event = {kind, (uint8_t)seat, {0, 0}, value};
    /* A host that does not read any more is gone, and so are we. */
    if (write(CONTROL, &event, sizeof event) != sizeof event) _exit(0);
}

/*
 * V8 keeps its heaps from children that fork (MADV_DONTFORK), because those of others only execute a program. Ours go on.
 */
static int pass_memory_on(void) {
    FILE *maps = fopen("/proc/self/maps", "re");
    if (maps == NULL) return -1;
    static char line[8192];
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long first, end;
        /* What cannot be passed on, the kernel's own pages, needs not be. */
        if (sscanf(line, "%lx-%lx", &first, &end) == 2) madvise((void *)first, end - first, MADV_DOFORK);
    }
    return fclose(maps);
}

/* Neither a file nor a device: nothing else of what is open behind the seats can tell anybody anything. */
static int is_of_threads(int descriptor, struct stat *status) {
    return fstat(descriptor, status) == 0 && !S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode) && !S_ISCHR(status->st_mode);
}

static int note_threads(int first) {
    DIR *open_ones = opendir("/proc/self/fd");
    if (open_ones == NULL) return -1;
    int failed = 0;
    for (struct dirent *entry; (entry = readdir(open_ones)) != NULL;) {
        struct stat status;
        int descriptor = atoi(entry->d_name);
        if (descriptor < first || !is_of_threads(descriptor, &status)) continue;
        if (of_threads_count == OF_THREADS_MAX) failed = 1;
        else {
            of_threads[of_threads_count].descriptor = descriptor;
            of_threads[of_threads_count++].inode = status.st_ino;
        }
    }
    closedir(open_ones);
    return failed ? -1 : 0;
}

/*
 * In a child, when libuv has made its own anew: those are other pipes, under numbers that the seats left free, or the same. The numbers of
 * the rest stay taken, since libuv's and Node's memory has them still, and lead nowhere: what is written there is lost.
 */
static int leave_threads(void) {
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0) return -1;
    for (unsigned i = 0; i < of_threads_count; i++) {
        struct stat status;
        int descriptor = of_threads[i].descriptor;
        if (descriptor == nowhere || !is_of_threads(descriptor, &status) || status.st_ino != of_threads[i].inode) continue;
        if (dup3(nowhere, descriptor, O_CLOEXEC) < 0) return -1;
    }
    return close(nowhere);
}

static int first_of(unsigned seat) { return FIRST_OF_SEATS + (int)seat * DESCRIPTORS_OF_SEAT; }

/* libuv makes what it opens non-blocking, which is no property of a number: it is told again, and the template, which waits, untold. */
static int be_blocking(int descriptor, int is_blocking) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, is_blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* The one thread of a child. It has what the launcher set, but for the signal, which is its own to ask for. */
static void become_sandbox(unsigned seat, unsigned seats, pid_t template, struct uv_loop_s *loop) {
    if (!parent_death_arm(template)) _exit(0);
    signal(SIGCHLD, SIG_DFL);
    for (int i = 0; i < DESCRIPTORS_OF_SEAT; i++) {
        if (dup2(first_of(seat) + i, i + 1) < 0) _exit(126);
    }
    if (be_blocking(CONTROL, 0) != 0) _exit(126);
    for (int i = FIRST_OF_SEATS; i < first_of(seats); i++) close(i);
    close(bell[0]);
    close(bell[1]);
    if (uv_loop_fork(loop) != 0 || leave_threads() != 0) _exit(126);
}

/* In the child: whether it is one. */
static int fork_into(unsigned seat, unsigned seats, struct uv_loop_s *loop) {
    pid_t template = getpid();
    pid_t child = fork();
    if (child == 0) {
        become_sandbox(seat, seats, template, loop);
        return 1;
    }
    if (child < 0) {
        tell('x', seat, errno);
        return 0;
    }
    children[seat].pid = child;
    /* Not closed: a free number would be taken, and be that of something else when the next child puts its own there. */
    for (int i = 0; i < DESCRIPTORS_OF_SEAT; i++) dup2(STDIN_FILENO, first_of(seat) + i);
    tell('f', seat, child);
    return 0;
}

static void tell_ends(unsigned seats) {
    char rung[64];
    while (read(bell[0], rung, sizeof rung) > 0) continue;
    for (unsigned seat = 0; seat < seats; seat++) {
        siginfo_t end = {0};
        if (children[seat].pid == 0 || children[seat].has_ended) continue;
        if (waitid(P_PID, (id_t)children[seat].pid, &end, WEXITED | WNOHANG | WNOWAIT) != 0 || end.si_pid == 0) continue;
        children[seat].has_ended = 1;
        tell('e', seat, end.si_code == CLD_EXITED ? end.si_status << 8 : end.si_status);
    }
}

static void reap(unsigned seat) {
    if (!children[seat].has_ended) _exit(1);
    waitpid(children[seat].pid, NULL, 0);
    children[seat].pid = 0;
}

static int serve(unsigned seats, struct uv_loop_s *loop) {
    static uint8_t commands[128];
    size_t held = 0;
    struct pollfd watched[] = {{CONTROL, POLLIN, 0}, {bell[0], POLLIN, 0}};
    for (;;) {
        if (poll(watched, 2, -1) < 0 && errno != EINTR) _exit(1);
        if (watched[1].revents != 0) tell_ends(seats);
        if (watched[0].revents == 0) continue;
        ssize_t got = read(CONTROL, commands + held, sizeof commands - held);
        if (got < 0 && errno == EINTR) continue;
        /* The children go with us: the kernel sends them the signal that they asked for. */
        if (got <= 0) _exit(0);
        held += (size_t)got;
        size_t done = 0;
        for (; held - done >= 2; done += 2) {
            uint8_t operation = commands[done], seat = commands[done + 1];
            if (seat >= seats) _exit(1);
            if (operation == 'k') {
                if (children[seat].pid != 0) kill(children[seat].pid, SIGKILL);
            } else if (operation == 'w') {
                reap(seat);
            } else if (operation != 'f') {
                _exit(1);
            } else if (fork_into(seat, seats, loop)) {
                return (int)seat;
            }
        }
        if (done < held) commands[0] = commands[done];
        held -= done;
    }
}

/* V8's work must find threads in a child. */
static int have_own_workers(const char *path) {
    void *module = dlopen(path, RTLD_NOW);
    int (*own_workers)(void) = module == NULL ? NULL : (int (*)(void))dlsym(module, "isotherm_own_workers");
    return own_workers != NULL && own_workers();
}

static napi_value template_function(napi_env env, napi_callback_info info) {
    napi_value arguments[2], result = NULL;
    size_t count = 2, length;
    static char path[4096];
    uint32_t seats = 0;
    struct uv_loop_s *loop = NULL;
    if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != 0) _exit(1);
    if (napi_get_value_uint32(env, arguments[0], &seats) != 0 || seats > SEATS_MAX) _exit(1);
    if (napi_get_value_string_utf8(env, arguments[1], path, sizeof path, &length) != 0 || !have_own_workers(path)) _exit(1);
    if (napi_get_uv_event_loop(env, &loop) != 0 || pass_memory_on() != 0 || be_blocking(CONTROL, 1) != 0 || note_threads(first_of(seats)) != 0) _exit(1);
    if (pipe2(bell, O_CLOEXEC | O_NONBLOCK) != 0) _exit(1);
    struct sigaction on_end = {.sa_handler = ring, .sa_flags = SA_RESTART | SA_NOCLDSTOP};
    if (sigaction(SIGCHLD, &on_end, NULL) != 0) _exit(1);
    tell('r', 0, 0);
    napi_create_uint32(env, (uint32_t)serve(seats, loop), &result);
    return result;
}

__attribute__((visibility("default"))) int node_api_module_get_api_version_v1(void) { return 8; }

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
    napi_value function = NULL;
    (void)exports;
    napi_create_function(env, "template", 8, template_function, NULL, &function);
    return function;
}
