/* Counts fsync and fdatasync in the file that BENCH_FSYNC_COUNTER names, for all processes that
 * share it, and adds BENCH_FSYNC_DELAY_US microseconds to each: loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned long long *count;
static struct timespec delay;
static int (*sync_all)(int);
static int (*sync_data)(int);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("BENCH_FSYNC_COUNTER"), *wait = getenv("BENCH_FSYNC_DELAY_US");
    long microseconds = wait ? atol(wait) : 0;
    delay.tv_sec = microseconds / 1000000;
    delay.tv_nsec = microseconds % 1000000 * 1000;
    sync_all = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    sync_data = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *map = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map != MAP_FAILED) count = map;
    close(file);
}

static int counted(int (*sync)(int), int file) {
    if (count) atomic_fetch_add(count, 1);
    if (delay.tv_sec || delay.tv_nsec) nanosleep(&delay, NULL);
    return sync(file);
}

int fsync(int file) { return counted(sync_all, file); }
int fdatasync(int file) { return counted(sync_data, file); }
