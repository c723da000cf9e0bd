// SPDX-License-Identifier: Apache-2.0
//
// The limit: a ring of bytes between two threads that spin, with what a pipe owes left out (nobody
// waits, nothing ends).
//
//   ring CHUNK BUFFER MILLIS   prints how many bytes a second one thread got from the other
//   ring CHUNK BUFFER MILLIS locked   the same, where each side publishes by one locked instruction:
//                              the limit of a ring whose sides may be parked, which must not look
//                              for a waiting thread before what they published is seen
//   ring check CHUNK BUFFER    compares every byte of some, prints "ok"
//   ring spin                  keeps one core busy until its standard input ends
#define _GNU_SOURCE
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Each cursor on lines of its own, beside its owner's copy of the other one.
static struct {
  alignas(256) _Atomic uint64_t written;
  uint64_t read_seen;
  alignas(256) _Atomic uint64_t read;
  uint64_t written_seen;
} cursors;

static alignas(256) uint8_t *ring;
static uint64_t capacity, mask;
static size_t chunk;
static bool checking, locked;

static inline void pause_a_little(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  atomic_signal_fence(memory_order_seq_cst);
#endif
}

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

static inline void copy(uint8_t *into, const uint8_t *from, size_t n) {
  if (n == 1) {
    *into = *from;
  } else {
    memcpy(into, from, n);
  }
}

static inline void publish(_Atomic uint64_t *cursor, uint64_t value) {
  if (locked) {
    atomic_exchange_explicit(cursor, value, memory_order_seq_cst);
  } else {
    atomic_store_explicit(cursor, value, memory_order_release);
  }
}

static size_t put(const uint8_t *from, size_t size) {
  uint64_t at = atomic_load_explicit(&cursors.written, memory_order_relaxed);
  uint64_t room = capacity - (at - cursors.read_seen);
  while (room == 0) {
    cursors.read_seen = atomic_load_explicit(&cursors.read, memory_order_acquire);
    room = capacity - (at - cursors.read_seen);
    if (room == 0) pause_a_little();
  }
  size_t n = least(size, room), first = least(n, capacity - (at & mask));
  copy(ring + (at & mask), from, first);
  if (first < n) copy(ring, from + first, n - first);
  publish(&cursors.written, at + n);
  return n;
}

static size_t get(uint8_t *into, size_t size) {
  uint64_t at = atomic_load_explicit(&cursors.read, memory_order_relaxed);
  uint64_t data = cursors.written_seen - at;
  while (data == 0) {
    cursors.written_seen = atomic_load_explicit(&cursors.written, memory_order_acquire);
    data = cursors.written_seen - at;
    if (data == 0) pause_a_little();
  }
  size_t n = least(size, data), first = least(n, capacity - (at & mask));
  copy(into, ring + (at & mask), first);
  if (first < n) copy(into + first, ring, n - first);
  publish(&cursors.read, at + n);
  return n;
}

static uint8_t expected(uint64_t at) { return (uint8_t)(at * 31 + (at >> 8)); }

static void *write_all(void *unused) {
  (void)unused;
  uint8_t *from = calloc(1, chunk);
  for (uint64_t at = 0;;) {
    for (size_t i = 0; checking && i < chunk; i++) from[i] = expected(at + i);
    // As Conduit.change of the peers in Java.
    for (size_t i = 0; !checking && i < chunk; i += 64) from[i]++;
    for (size_t done = 0; done < chunk;) done += put(from + done, chunk - done);
    at += chunk;
  }
  return NULL;
}

static void *read_all(void *unused) {
  (void)unused;
  uint8_t *into = calloc(1, chunk);
  uint64_t at = 0;
  while (!checking || at < 64 * capacity) {
    size_t n = get(into, chunk);
    for (size_t i = 0; checking && i < n; i++) {
      if (into[i] != expected(at + i)) {
        printf("byte %llu is %d, expected %d\n", (unsigned long long)(at + i), into[i], expected(at + i));
        exit(1);
      }
    }
    at += n;
  }
  return NULL;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void nap(long millis) {
  struct timespec t = {millis / 1000, millis % 1000 * 1000000};
  nanosleep(&t, NULL);
}

static void *spin(void *unused) {
  (void)unused;
  for (;;) pause_a_little();
  return NULL;
}

int main(int count, char **arguments) {
  pthread_t writer, reader;
  if (count == 2 && strcmp(arguments[1], "spin") == 0) {
    pthread_create(&writer, NULL, spin, NULL);
    char byte;
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
  }
  locked = count == 5 && strcmp(arguments[4], "locked") == 0;
  if (count != 4 && !locked) {
    fprintf(stderr, "usage: ring CHUNK BUFFER MILLIS [locked] | ring check CHUNK BUFFER | ring spin\n");
    return 2;
  }
  checking = strcmp(arguments[1], "check") == 0;
  chunk = strtoull(arguments[checking ? 2 : 1], NULL, 10);
  capacity = strtoull(arguments[checking ? 3 : 2], NULL, 10);
  mask = capacity - 1;
  if (chunk == 0 || capacity == 0 || (capacity & mask) != 0) {
    fprintf(stderr, "chunk is %s, buffer is %s, expected 1 or more and a power of two\n",
            arguments[checking ? 2 : 1], arguments[checking ? 3 : 2]);
    return 2;
  }
  ring = aligned_alloc(4096, capacity < 4096 ? 4096 : capacity);
  memset(ring, 0, capacity);
  pthread_create(&reader, NULL, read_all, NULL);
  pthread_create(&writer, NULL, write_all, NULL);
  if (checking) {
    pthread_join(reader, NULL);
    puts("ok");
    return 0;
  }
  nap(100);
  uint64_t from = atomic_load(&cursors.read);
  double start = now();
  nap(strtol(arguments[3], NULL, 10));
  uint64_t to = atomic_load(&cursors.read);
  printf("%.0f\n", (double)(to - from) / (now() - start));
  return 0;
}
