// SPDX-License-Identifier: Apache-2.0
//
// Servers of two kinds: a thread for each connection, and one epoll loop.
//
//   server blocking WORK ADDRESS            count, echo, spin (echo that never waits), duplex (echo that
//                                           reads on while it cannot write)
//   server epoll    WORK ADDRESS            count, echo, requests (echo of lines), lines
//   server blocking relay|splice|wide ADDRESS TARGET      wide: splice with larger buffers of the system
//
// They listen at tcp:0, unix:PATH or pipes:PATH, tell where, and end with their standard input.

#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>

#include "work.h"

static struct address target;

static void *count(void *argument) {
  int fd = (int)(long)argument;
  char *buffer = malloc(BUFFER);
  long bytes = 0;
  ssize_t n;
  while ((n = read(fd, buffer, room)) > 0) {
    bytes += n;
    if (buffer[n - 1] == '\n') {
      dprintf(way_back(fd), "%ld\n", bytes);
      bytes = 0;
    }
  }
  close(fd);
  free(buffer);
  return NULL;
}

static void *echo(void *argument) {
  int fd = (int)(long)argument;
  char *buffer = malloc(BUFFER);
  ssize_t n;
  while ((n = read(fd, buffer, room)) > 0) write_all(way_back(fd), buffer, (size_t)n);
  close(fd);
  free(buffer);
  return NULL;
}

static void *spin(void *argument) {
  int fd = (int)(long)argument;
  char *buffer = malloc(BUFFER);
  ssize_t n;
  while ((n = recv(fd, buffer, room, MSG_DONTWAIT)) != 0) {
    if (n > 0)
      write_all(fd, buffer, (size_t)n);
    else if (errno != EAGAIN)
      break;
  }
  close(fd);
  free(buffer);
  return NULL;
}

// A relay with one thread waits for its peer in each write. So both would wait for each other if the peer
// did not read on.
#define RING ((size_t)64 * BUFFER)

struct ring {
  int fd;
  char *bytes;
  size_t in, out;
  int ended;
  pthread_mutex_t lock;
  pthread_cond_t moved;
};

static void moved(struct ring *ring, size_t *end, size_t count, int ended) {
  pthread_mutex_lock(&ring->lock);
  *end += count;
  ring->ended |= ended;
  pthread_cond_signal(&ring->moved);
  pthread_mutex_unlock(&ring->lock);
}

// How much can be moved at once at that end, once that is something; 0 at the end.
static size_t run(struct ring *ring, int reads) {
  pthread_mutex_lock(&ring->lock);
  while (!ring->ended && ring->in - ring->out == (reads ? RING : 0))
    pthread_cond_wait(&ring->moved, &ring->lock);
  size_t at = (reads ? ring->in : ring->out) % RING, filled = ring->in - ring->out;
  size_t count = reads ? RING - filled : filled;
  pthread_mutex_unlock(&ring->lock);
  if (count > RING - at) count = RING - at;
  return count > BUFFER ? BUFFER : count;
}

static void *give_back(void *argument) {
  struct ring *ring = argument;
  size_t count;
  while ((count = run(ring, 0)) > 0) {
    write_all(ring->fd, ring->bytes + ring->out % RING, count);
    moved(ring, &ring->out, count, 0);
  }
  return NULL;
}

static void *duplex(void *argument) {
  struct ring ring = {(int)(long)argument, malloc(RING), 0, 0, 0, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
  pthread_t writer;
  pthread_create(&writer, NULL, give_back, &ring);
  ssize_t n;
  do {
    n = read(ring.fd, ring.bytes + ring.in % RING, run(&ring, 1));
    moved(&ring, &ring.in, n > 0 ? (size_t)n : 0, n <= 0);
  } while (n > 0);
  pthread_join(writer, NULL);
  close(ring.fd);
  free(ring.bytes);
  return NULL;
}

struct way {
  int from, to;
};

static void *copy(void *argument) {
  struct way *way = argument;
  char *buffer = malloc(BUFFER);
  ssize_t n;
  while ((n = read(way->from, buffer, BUFFER)) > 0) write_all(way->to, buffer, (size_t)n);
  shutdown(way->to, SHUT_WR);
  free(buffer);
  return NULL;
}

// What Penstock's relay asks the system for, at most. Over TCP the system fits its buffers itself.
#define WIDE_PIPE (1024 * 1024)
#define WIDE_SEND (2 * 1024 * 1024)
static int wide;

static void widen(int fd) {
  int domain = 0, bytes = WIDE_SEND;
  socklen_t length = sizeof domain;
  check(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length), "SO_DOMAIN");
  if (domain == AF_UNIX) check(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), "SO_SNDBUF");
}

// Without a copy in this process: by way of a pipe of the system's.
static void *move(void *argument) {
  struct way *way = argument;
  int pipes[2], size = wide ? WIDE_PIPE : BUFFER;
  check(pipe2(pipes, O_CLOEXEC), "pipe2");
  check(fcntl(pipes[1], F_SETPIPE_SZ, size), "F_SETPIPE_SZ");
  if (wide) widen(way->to);
  ssize_t n;
  while ((n = splice(way->from, NULL, pipes[1], NULL, (size_t)size, SPLICE_F_MOVE)) > 0)
    while (n > 0)
      n -= check((int)splice(pipes[0], NULL, way->to, NULL, (size_t)n, SPLICE_F_MOVE), "splice");
  shutdown(way->to, SHUT_WR);
  close(pipes[0]);
  close(pipes[1]);
  return NULL;
}

static void *(*way)(void *) = copy;

static void *relay(void *argument) {
  int near = (int)(long)argument, far = connect_to(target);
  struct way there = {near, far}, back = {far, near};
  pthread_t other;
  pthread_create(&other, NULL, way, &back);
  way(&there);
  pthread_join(other, NULL);
  close(near);
  close(far);
  return NULL;
}

static int way_of(const char *work) {
  wide = !strcmp(work, "wide");
  if (wide || !strcmp(work, "splice")) way = move;
  return way == move || !strcmp(work, "relay");
}

static void blocking(int listener, const char *work, int pipes) {
  void *(*body)(void *) = !strcmp(work, "count")   ? count
                          : !strcmp(work, "echo")  ? echo
                          : !strcmp(work, "spin")  ? spin
                          : !strcmp(work, "duplex") ? duplex
                          : way_of(work)           ? relay
                                                   : NULL;
  if (!body) fail("the work is '%s', expected count, echo, spin, duplex, relay, splice or wide", work);
  if (pipes) {
    body((void *)(long)listener);
    return;
  }
  for (;;) {
    int fd = check(accept4(listener, NULL, NULL, SOCK_CLOEXEC), "accept");
    no_delay(fd);
    pthread_t thread;
    pthread_create(&thread, NULL, body, (void *)(long)fd);
    pthread_detach(thread);
  }
}

static void tell(struct connection *c) {
  char text[96];
  write_all(way_back(c->fd), text, (size_t)summary(c, text, sizeof text));
  c->bytes = 0;
}

static void serve(struct connection *c) {
  static char buffer[BUFFER];
  for (;;) {
    size_t kept = resume(c, buffer);
    ssize_t n = read(c->fd, buffer + kept, room - kept);
    if (n < 0 && errno == EAGAIN) {
      keep(c, buffer, kept);
      return;
    }
    if (n <= 0) {
      close(c->fd);
      free(c->part);
      free(c);
      return;
    }
    size_t reply = take(c, buffer, kept + (size_t)n);
    if (reply > 0) write_all(way_back(c->fd), buffer, reply);
    if (c->ended) tell(c);
    if (kept + (size_t)n < room) return;
  }
}

static void loop(int listener, enum work work, int pipes) {
  raise_descriptors();
  int poller = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  struct epoll_event events[256], event = {EPOLLIN, {.ptr = NULL}};
  if (pipes) {
    check(fcntl(listener, F_SETFL, O_NONBLOCK), "F_SETFL");
    struct connection *c = connection(work);
    c->fd = listener;
    event.data.ptr = c;
  }
  check(epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
  for (;;) {
    int n = check(epoll_wait(poller, events, 256, -1), "epoll_wait");
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (c) {
        serve(c);
      } else {
        c = connection(work);
        c->fd = check(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), "accept");
        no_delay(c->fd);
        struct epoll_event added = {EPOLLIN, {.ptr = c}};
        check(epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &added), "epoll_ctl");
      }
    }
  }
}

static void *end_with_input(void *argument) {
  (void)argument;
  while (getchar() != EOF)
    ;
  exit(0);
}

int main(int argc, char **argv) {
  if (argc != (way_of(argc > 2 ? argv[2] : "") ? 5 : 4))
    fail("expected blocking|epoll WORK ADDRESS, or blocking relay|splice|wide ADDRESS TARGET");
  signal(SIGPIPE, SIG_IGN);
  pthread_t watch;
  pthread_create(&watch, NULL, end_with_input, NULL);
  if (argc == 5) target = address(argv[4]);
  int pipes = is_pipes(argv[3]);
  int listener = pipes ? serve_pipes(argv[3]) : listen_at(argv[3]);
  if (!strcmp(argv[1], "epoll"))
    loop(listener, work_of(argv[2]), pipes);
  else
    blocking(listener, argv[2], pipes);
}
