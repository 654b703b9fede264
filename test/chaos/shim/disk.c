// Stands between a process and its disk (LD_PRELOAD): fails the n-th write, sync or rename below one folder, makes every sync
// slow, and keeps a log of what was written and synced, from which a power cut can be replayed.
//
// Environment: DISK_SHIM_ROOT, the folder; DISK_SHIM_CONTROL, a file of eight 32-bit words that the test writes and this
// reads at every call (enum word); DISK_SHIM_LOG, where to log, or nothing.
// A log record: struct record, then its bytes. Names are not logged: creations, renames and removals count as durable.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum word { FAIL_AT, ERROR_NUMBER, COUNT, FIRED, SYNC_DELAY_MS, WORDS = 8 };
enum kind { CREATED = 1, WRITTEN = 2, TRUNCATED = 3, SYNCED = 4 };

struct record {
  uint32_t kind;
  uint32_t length;
  uint64_t inode;
  /** WRITTEN: where; TRUNCATED: the new size; SYNCED: index of the first record that this sync need not cover. */
  uint64_t offset;
};

#define FILES 65536
static _Atomic uint64_t inodes[FILES];
static _Atomic uint32_t *control;
static char root[PATH_MAX];
static size_t root_length;
static int log_file = -1;
static uint64_t next_record;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static void set_up(void) {
  const char *folder = getenv("DISK_SHIM_ROOT"), *words = getenv("DISK_SHIM_CONTROL"), *log = getenv("DISK_SHIM_LOG");
  if (!folder || !words || !realpath(folder, root)) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, words, O_RDWR | O_CLOEXEC, 0);
  if (file < 0) return;
  void *mapped = mmap(NULL, WORDS * sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  syscall(SYS_close, file);
  if (mapped == MAP_FAILED) return;
  if (log && *log) log_file = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  root_length = strlen(root);
  control = mapped;
}

static int active(void) {
  pthread_once(&once, set_up);
  return control != NULL;
}

static int below_root(const char *path) {
  return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

static uint64_t inode_of(int fd) { return active() && fd >= 0 && fd < FILES ? atomic_load(&inodes[fd]) : 0; }

/** Whether this operation is the one that fails. */
static int fails(void) {
  uint32_t at = atomic_load(&control[FAIL_AT]);
  if (at == 0 || atomic_fetch_add(&control[COUNT], 1) + 1 != at) return 0;
  atomic_fetch_add(&control[FIRED], 1);
  errno = (int)atomic_load(&control[ERROR_NUMBER]);
  return 1;
}

/** Call with `order` held. */
static void note(enum kind kind, uint64_t inode, uint64_t offset, const void *bytes, size_t length) {
  if (log_file < 0) return;
  struct record header = {kind, (uint32_t)length, inode, offset};
  struct iovec parts[2] = {{&header, sizeof header}, {(void *)bytes, length}};
  syscall(SYS_writev, log_file, parts, length > 0 ? 2 : 1);
  next_record++;
}

static int opened(int fd, int existed, int flags) {
  if (fd < 0 || fd >= FILES || !active()) return fd;
  char link[64], path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  struct stat status;
  if (length > 0) path[length] = 0;
  if (length <= 0 || !below_root(path) || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    atomic_store(&inodes[fd], 0);
    return fd;
  }
  atomic_store(&inodes[fd], status.st_ino);
  pthread_mutex_lock(&order);
  if (!existed) note(CREATED, status.st_ino, 0, NULL, 0);
  else if (flags & O_TRUNC) note(TRUNCATED, status.st_ino, 0, NULL, 0);
  pthread_mutex_unlock(&order);
  return fd;
}

static int exists(int folder, const char *path, int flags) {
  struct stat status;
  return !(flags & O_CREAT) || fstatat(folder, path, &status, 0) == 0;
}

#define MODE_OF(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    MODE_OF(flags) REAL(name); \
    int existed = exists(AT_FDCWD, path, flags); \
    return opened(real(path, flags, mode), existed, flags); \
  }
#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    MODE_OF(flags) REAL(name); \
    int existed = exists(folder, path, flags); \
    return opened(real(folder, path, flags, mode), existed, flags); \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
  REAL(close);
  if (fd >= 0 && fd < FILES) atomic_store(&inodes[fd], 0);
  return real(fd);
}

#define PWRITE(name, where) \
  ssize_t name(int fd, const void *bytes, size_t length, where offset) { \
    REAL(name); \
    uint64_t inode = inode_of(fd); \
    if (!inode) return real(fd, bytes, length, offset); \
    if (fails()) return -1; \
    pthread_mutex_lock(&order); \
    ssize_t written = real(fd, bytes, length, offset); \
    if (written > 0) note(WRITTEN, inode, (uint64_t)offset, bytes, (size_t)written); \
    pthread_mutex_unlock(&order); \
    return written; \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t length) {
  REAL(write);
  uint64_t inode = inode_of(fd);
  if (!inode) return real(fd, bytes, length);
  if (fails()) return -1;
  pthread_mutex_lock(&order);
  ssize_t written = real(fd, bytes, length);
  if (written > 0) note(WRITTEN, inode, (uint64_t)(lseek(fd, 0, SEEK_CUR) - written), bytes, (size_t)written);
  pthread_mutex_unlock(&order);
  return written;
}

static void note_parts(uint64_t inode, uint64_t offset, const struct iovec *parts, int count, ssize_t written) {
  for (int i = 0; i < count && written > 0; i++) {
    size_t length = parts[i].iov_len < (size_t)written ? parts[i].iov_len : (size_t)written;
    note(WRITTEN, inode, offset, parts[i].iov_base, length);
    offset += length;
    written -= (ssize_t)length;
  }
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  uint64_t inode = inode_of(fd);
  if (!inode) return real(fd, parts, count);
  if (fails()) return -1;
  pthread_mutex_lock(&order);
  ssize_t written = real(fd, parts, count);
  if (written > 0) note_parts(inode, (uint64_t)(lseek(fd, 0, SEEK_CUR) - written), parts, count, written);
  pthread_mutex_unlock(&order);
  return written;
}

#define PWRITEV(name, where) \
  ssize_t name(int fd, const struct iovec *parts, int count, where offset) { \
    REAL(name); \
    uint64_t inode = inode_of(fd); \
    if (!inode) return real(fd, parts, count, offset); \
    if (fails()) return -1; \
    pthread_mutex_lock(&order); \
    ssize_t written = real(fd, parts, count, offset); \
    if (written > 0) note_parts(inode, (uint64_t)offset, parts, count, written); \
    pthread_mutex_unlock(&order); \
    return written; \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

#define FTRUNCATE(name, where) \
  int name(int fd, where length) { \
    REAL(name); \
    uint64_t inode = inode_of(fd); \
    if (!inode) return real(fd, length); \
    if (fails()) return -1; \
    pthread_mutex_lock(&order); \
    int result = real(fd, length); \
    if (result == 0) note(TRUNCATED, inode, (uint64_t)length, NULL, 0); \
    pthread_mutex_unlock(&order); \
    return result; \
  }
FTRUNCATE(ftruncate, off_t)
FTRUNCATE(ftruncate64, off64_t)

#define SYNC(name) \
  int name(int fd) { \
    REAL(name); \
    uint64_t inode = inode_of(fd); \
    if (!inode) return real(fd); \
    if (fails()) return -1; \
    uint32_t wait = atomic_load(&control[SYNC_DELAY_MS]); \
    if (wait > 0) usleep(wait * 1000); \
    pthread_mutex_lock(&order); \
    uint64_t before = next_record; \
    pthread_mutex_unlock(&order); \
    int result = real(fd); \
    if (result != 0) return result; \
    pthread_mutex_lock(&order); \
    note(SYNCED, inode, before, NULL, 0); \
    pthread_mutex_unlock(&order); \
    return 0; \
  }
SYNC(fsync)
SYNC(fdatasync)

int rename(const char *from, const char *to) {
  REAL(rename);
  if (active() && below_root(from) && fails()) return -1;
  return real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  REAL(renameat);
  if (active() && below_root(from) && fails()) return -1;
  return real(from_folder, from, to_folder, to);
}
