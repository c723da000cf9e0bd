// SPDX-License-Identifier: Apache-2.0
//
// The load generator of all servers, so that only the server differs. It refuses a server whose
// answer is wrong.
//
//   load flood    ADDRESS CHUNK MILLIS                GB/s, and bytes; the server answers how many
//                                                     bytes came, when one of them is a line feed,
//                                                     the last
//   load both     ADDRESS CHUNK MILLIS                GB/s of each way, and bytes of both; the server
//                                                     echoes
//   load trip     ADDRESS wait|spin MILLIS            p50, p99 and p99.9 in ns of a round trip of 64 B
//   load lines    ADDRESS MILLIS                      million lines/s; the server answers how many
//                                                     lines, bytes, and the sum of the first bytes,
//                                                     when one of them is empty, the last
//   load requests ADDRESS ACTIVE IDLE                 says "idle" when the idle ones are there; then
//                                                     for each line "WARM MILLIS" that it reads:
//                                                     requests/s, p50, p99 and p99.9 in ns

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

#include "net.h"

#define MESSAGE 64
#define LINE 100
#define LINES 1000

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

// A server that says nothing is refused, too.
static int connect_patiently(struct address to) {
  int fd = connect_to(to);
  struct timeval limit = {10, 0};
  check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), "setsockopt");
  return fd;
}

static void silent(int signal) {
  (void)signal;
  static const char text[] = "the server said nothing for 10 s\n";
  ssize_t ignored = write(2, text, sizeof text - 1);
  (void)ignored;
  _exit(1);
}

// The one connection of a measurement that takes so long.
static int connect_for(const char *where, int64_t nanos) {
  if (!is_pipes(where)) return connect_patiently(address(where));
  // A pipe has no time-out of its own.
  signal(SIGALRM, silent);
  alarm((unsigned)(10 + nanos / 1000000000));
  int fd = open_pipe(where, "in", O_WRONLY);
  back = open_pipe(where, "out", O_RDONLY);
  return fd;
}

static int received(ssize_t n) {
  if (n < 0 && errno == EAGAIN) fail("the server said nothing for 10 s");
  return check((int)n, "read");
}

static int64_t millis(const char *text) {
  long value = atol(text);
  if (value < 1) fail("the time is '%s' ms, expected 1 or more", text);
  return value * 1000000LL;
}

// Tells that this was all, and reads the one line of the answer. Not every server can do without a
// direction that has ended.
static void answer(int fd, char *line, size_t size) {
  write_all(fd, "\n", 1);
  size_t length = 0;
  do {
    int n = received(read(way_back(fd), line + length, size - 1 - length));
    length += (size_t)n;
    line[length] = 0;
    if (n == 0) fail("the server answered '%s', expected a line", line);
  } while (line[length - 1] != '\n');
}

static void flood(const char *where, const char *size, const char *time) {
  size_t chunk = (size_t)atol(size);
  char *bytes = malloc(chunk);
  memset(bytes, 'x', chunk);
  int fd = connect_for(where, millis(time));
  int64_t start = now(), end = start + millis(time);
  long sent = 1;
  do {
    write_all(fd, bytes, chunk);
    sent += (long)chunk;
  } while (now() < end);
  char line[64];
  answer(fd, line, sizeof line);
  int64_t taken = now() - start;
  if (atol(line) != sent) fail("the server counted %ld bytes, expected %ld", atol(line), sent);
  printf("%g %ld\n", (double)sent / (double)taken, sent);
}

struct coming {
  int fd;
  long bytes;
};

static void *take_back(void *argument) {
  struct coming *coming = argument;
  char *bytes = malloc(BUFFER);
  int n;
  do {
    n = received(read(coming->fd, bytes, BUFFER));
    if (n == 0) fail("the connection has ended after %ld bytes", coming->bytes);
    coming->bytes += n;
  } while (bytes[n - 1] != '\n');
  free(bytes);
  return NULL;
}

static void both(const char *where, const char *size, const char *time) {
  size_t chunk = (size_t)atol(size);
  char *bytes = malloc(chunk);
  memset(bytes, 'x', chunk);
  struct coming coming = {connect_patiently(address(where)), 0};
  pthread_t reader;
  pthread_create(&reader, NULL, take_back, &coming);
  int64_t start = now(), end = start + millis(time);
  long sent = 1;
  do {
    write_all(coming.fd, bytes, chunk);
    sent += (long)chunk;
  } while (now() < end);
  write_all(coming.fd, "\n", 1);
  pthread_join(reader, NULL);
  int64_t taken = now() - start;
  if (coming.bytes != sent) fail("%ld bytes came back, expected %ld", coming.bytes, sent);
  printf("%g %ld\n", (double)sent / (double)taken, 2 * sent);
}

// Text with a number that tells it from every other, up to a line feed.
static void message(char *bytes, unsigned client, unsigned number) {
  char text[32];
  int n = snprintf(text, sizeof text, "%u %u ", client, number);
  memcpy(bytes, text, (size_t)n);
}

static void prepare(char *bytes) {
  memset(bytes, '.', MESSAGE);
  bytes[MESSAGE - 1] = '\n';
}

static int ascending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

struct times {
  uint32_t *ns;
  size_t count, room;
};

static void add(struct times *times, int64_t ns) {
  if (times->count == times->room) {
    times->room = times->room ? 2 * times->room : 1 << 16;
    times->ns = realloc(times->ns, times->room * sizeof *times->ns);
    if (!times->ns) fail("no memory for %zu times", times->room);
  }
  times->ns[times->count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

static void print_percentiles(struct times times) {
  if (times.count == 0) fail("nothing was answered in the time given");
  qsort(times.ns, times.count, sizeof *times.ns, ascending);
  printf("%u %u %u\n", times.ns[times.count / 2], times.ns[times.count * 99 / 100],
         times.ns[times.count * 999 / 1000]);
}

// Reads one message; true if it is the expected one.
static int echoed(int fd, const char *expected, int flags) {
  char bytes[MESSAGE];
  size_t length = 0;
  while (length < MESSAGE) {
    ssize_t n = back < 0 ? recv(fd, bytes + length, MESSAGE - length, flags)
                         : read(back, bytes + length, MESSAGE - length);
    if (n < 0 && errno == EAGAIN && flags & MSG_DONTWAIT) continue;
    if (received(n) == 0) fail("the server closed a connection after %zu bytes", length);
    length += (size_t)n;
  }
  return memcmp(bytes, expected, MESSAGE) == 0;
}

static void trip(const char *where, const char *how, const char *time) {
  int flags = strcmp(how, "spin") ? 0 : MSG_DONTWAIT;
  int fd = connect_for(where, millis(time));
  char bytes[MESSAGE];
  prepare(bytes);
  struct times times = {0};
  int64_t start = now(), end = start + millis(time);
  for (unsigned i = 0; start < end; i++) {
    message(bytes, 0, i);
    write_all(fd, bytes, MESSAGE);
    if (!echoed(fd, bytes, flags)) fail("round trip %u brought something else than was sent", i);
    int64_t stop = now();
    add(&times, stop - start);
    start = stop;
  }
  print_percentiles(times);
}

static void lines(const char *where, const char *time) {
  static char bytes[LINES * LINE];
  long sum = 0, sent = 0;
  for (int i = 0; i < LINES; i++) {
    memset(bytes + i * LINE, 'a' + i * 7 % 26, LINE - 1);
    bytes[i * LINE + LINE - 1] = '\n';
    sum += bytes[i * LINE];
  }
  int fd = connect_patiently(address(where));
  int64_t start = now(), end = start + millis(time);
  do {
    write_all(fd, bytes, sizeof bytes);
    sent++;
  } while (now() < end);
  char line[96], expected[96];
  answer(fd, line, sizeof line);
  int64_t taken = now() - start;
  snprintf(expected, sizeof expected, "%ld %ld %ld\n", sent * LINES + 1,
           sent * LINES * LINE + 1, sent * sum + '\n');
  if (strcmp(line, expected)) fail("the server answered '%s', expected '%s'", line, expected);
  printf("%g\n", (double)(sent * LINES) * 1e3 / (double)taken);
}

struct client {
  int fd;
  unsigned number, got;
  int64_t start;
  char expected[MESSAGE];
};

static void ask(struct client *client, unsigned id) {
  message(client->expected, id, client->number++);
  client->got = 0;
  client->start = now();
  write_all(client->fd, client->expected, MESSAGE);
}

// Has all clients ask again and again; on return each has its answer.
static void measure(struct client *clients, int active, int poller, const char *warm, const char *time) {
  struct times times = {0};
  int64_t begin = now() + millis(warm), end = begin + millis(time), last = 0;
  for (int i = 0; i < active; i++) ask(&clients[i], (unsigned)i);
  struct epoll_event *events = calloc((size_t)active, sizeof *events);
  for (int asking = active; asking > 0;) {
    int n = check(epoll_wait(poller, events, active, 10000), "epoll_wait");
    if (n == 0) fail("no answer for 10 s");
    for (int i = 0; i < n; i++) {
      struct client *client = &clients[events[i].data.u32];
      char got[MESSAGE];
      int read = check((int)recv(client->fd, got, MESSAGE - client->got, MSG_DONTWAIT), "recv");
      if (read == 0) fail("the server closed an active connection");
      if (memcmp(got, client->expected + client->got, (size_t)read))
        fail("request %u brought something else than was sent", client->number - 1);
      client->got += (unsigned)read;
      if (client->got < MESSAGE) continue;
      int64_t at = now();
      // On a machine that is busy with something else, until there is one.
      int on = at < end || times.count == 0;
      if (on && at >= begin) {
        add(&times, at - client->start);
        last = at;
      }
      if (on)
        ask(client, events[i].data.u32);
      else
        asking--;
    }
  }
  printf("%g ", (double)times.count * 1e9 / (double)(last - begin));
  print_percentiles(times);
  fflush(stdout);
  free(times.ns);
  free(events);
}

static void requests(const char *where, int active, int idle) {
  long needed = active + idle + 16, limit = raise_descriptors();
  if (limit < needed)
    fail("%d idle and %d active connections need %ld descriptors, but the hard limit (ulimit -Hn) is"
         " %ld: raise it", idle, active, needed, limit);
  struct address to = address(where);
  char bytes[MESSAGE];
  prepare(bytes);
  int *resting = calloc((size_t)idle + 1, sizeof *resting);
  for (int i = 0; i < idle; i++) {
    resting[i] = connect_patiently(to);
    // What waits in the backlog is no connection of the server's yet.
    message(bytes, (unsigned)(active + i), 0);
    write_all(resting[i], bytes, MESSAGE);
    if (!echoed(resting[i], bytes, 0)) fail("idle connection %d got something else than it sent", i);
  }
  printf("idle\n");
  fflush(stdout);
  char warm[16], time[16];
  if (scanf("%15s %15s", warm, time) != 2) fail("standard input has ended, expected WARM MILLIS");

  struct client *clients = calloc((size_t)active, sizeof *clients);
  int poller = check(epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  for (int i = 0; i < active; i++) {
    clients[i].fd = connect_patiently(to);
    prepare(clients[i].expected);
    struct epoll_event event = {EPOLLIN, {.u32 = (uint32_t)i}};
    check(epoll_ctl(poller, EPOLL_CTL_ADD, clients[i].fd, &event), "epoll_ctl");
  }
  do measure(clients, active, poller, warm, time);
  while (scanf("%15s %15s", warm, time) == 2);
  for (int i = 0; i < idle; i++) {
    char byte;
    if (recv(resting[i], &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
      fail("idle connection %d is idle no more", i);
    // So that no port is kept from whoever comes next.
    struct linger reset = {1, 0};
    check(setsockopt(resting[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "setsockopt");
  }
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  const char *mode = argc > 1 ? argv[1] : "";
  if (!strcmp(mode, "flood") && argc == 5) {
    flood(argv[2], argv[3], argv[4]);
  } else if (!strcmp(mode, "both") && argc == 5) {
    both(argv[2], argv[3], argv[4]);
  } else if (!strcmp(mode, "trip") && argc == 5) {
    trip(argv[2], argv[3], argv[4]);
  } else if (!strcmp(mode, "lines") && argc == 4) {
    lines(argv[2], argv[3]);
  } else if (!strcmp(mode, "requests") && argc == 5) {
    requests(argv[2], atoi(argv[3]), atoi(argv[4]));
  } else {
    fail("expected flood|both ADDRESS CHUNK MILLIS, trip ADDRESS wait|spin MILLIS, lines ADDRESS MILLIS,"
         " or requests ADDRESS ACTIVE IDLE");
  }
}
