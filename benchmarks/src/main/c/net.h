// SPDX-License-Identifier: Apache-2.0
//
// What the programs of the channels' benchmarks share: addresses, limits, failures. An address is
// tcp:PORT, on the loopback interface, unix:PATH, or pipes:PATH for two FIFOs: a server reads PATH.in
// and writes PATH.out, for one client after the other.

#ifndef NET_H
#define NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

// The most bytes of a server's read buffer.
#define BUFFER (256 * 1024)

// How many it reads at once: what is faster. Over TCP it is better to stay in the cache of a
// processor, between Unix sockets to ask less often.
static size_t room = BUFFER;

__attribute__((noreturn, format(printf, 1, 2))) static inline void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

static inline int check(int result, const char *what) {
  if (result < 0) fail("%s: %s", what, strerror(errno));
  return result;
}

struct address {
  union {
    struct sockaddr any;
    struct sockaddr_in tcp;
    struct sockaddr_un local;
  } of;
  socklen_t length;
};

static inline struct address address(const char *text) {
  struct address a;
  memset(&a, 0, sizeof a);
  if (!strncmp(text, "tcp:", 4)) {
    a.of.tcp.sin_family = AF_INET;
    a.of.tcp.sin_port = htons((unsigned short)atoi(text + 4));
    a.of.tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.length = sizeof a.of.tcp;
  } else if (!strncmp(text, "unix:", 5) && strlen(text + 5) < sizeof a.of.local.sun_path) {
    a.of.local.sun_family = AF_UNIX;
    strcpy(a.of.local.sun_path, text + 5);
    a.length = sizeof a.of.local;
  } else {
    fail("the address is '%s', expected tcp:PORT or unix:PATH of at most 107 characters", text);
  }
  return a;
}

static inline int is_pipes(const char *text) { return !strncmp(text, "pipes:", 6); }

// Where the other way goes, if that is another descriptor.
static int back = -1;

static inline int way_back(int fd) { return back < 0 ? fd : back; }

static inline int open_pipe(const char *text, const char *end, int flags) {
  char path[256];
  if ((size_t)snprintf(path, sizeof path, "%s.%s", text + 6, end) >= sizeof path)
    fail("the address is '%s', expected less than 250 characters", text);
  if (flags & O_CREAT && mkfifo(path, 0600) && errno != EEXIST) check(-1, path);
  return check(open(path, (flags & ~O_CREAT) | O_CLOEXEC), path);
}

// Makes both and tells so. Opened for both ways they never end and nobody waits for anybody.
static inline int serve_pipes(const char *text) {
  room = 64 * 1024;
  int fd = open_pipe(text, "in", O_RDWR | O_CREAT);
  back = open_pipe(text, "out", O_RDWR | O_CREAT);
  printf("listening %s\n", text);
  fflush(stdout);
  return fd;
}

static inline void no_delay(int fd) {
  int on = 1;
  // Refused by what is not TCP, which never delays.
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static inline int connect_to(struct address a) {
  int fd = check(socket(a.of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  check(connect(fd, &a.of.any, a.length), "connect");
  no_delay(fd);
  return fd;
}

// Binds and listens, and tells where.
static inline int listen_at(const char *text) {
  struct address a = address(text);
  int fd = check(socket(a.of.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  check(bind(fd, &a.of.any, a.length), "bind");
  check(listen(fd, 1024), "listen");
  if (a.of.any.sa_family == AF_INET) {
    room = 64 * 1024;
    check(getsockname(fd, &a.of.any, &a.length), "getsockname");
    printf("listening tcp:%d\n", ntohs(a.of.tcp.sin_port));
  } else {
    printf("listening %s\n", text);
  }
  fflush(stdout);
  return fd;
}

// Raises the limit of descriptors as far as it goes, and tells how far that is.
static inline long raise_descriptors(void) {
  struct rlimit limit;
  check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
  limit.rlim_cur = limit.rlim_max;
  check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
  return (long)limit.rlim_cur;
}

// Also where the descriptor does not block.
static inline void write_all(int fd, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t n = write(fd, bytes, count);
    if (n < 0 && errno == EAGAIN) {
      struct pollfd full = {fd, POLLOUT, 0};
      if (check(poll(&full, 1, 10000), "poll") == 0) fail("nothing could be written for 10 s");
    } else {
      check((int)n, "write");
      bytes += n;
      count -= (size_t)n;
    }
  }
}

#endif
