// SPDX-License-Identifier: Apache-2.0
//
// What a server with one loop and one read buffer does with what it has read. A connection has no
// memory of its own but for an incomplete line.

#ifndef WORK_H
#define WORK_H

#include "net.h"

enum work { WORK_COUNT, WORK_ECHO, WORK_REQUESTS, WORK_LINES };

struct connection {
  int fd;
  enum work work;
  char *part;
  size_t length;
  long lines, bytes, sum;
  int ended;
};

static inline enum work work_of(const char *name) {
  const char *names[] = {"count", "echo", "requests", "lines"};
  for (int i = 0; i < 4; i++)
    if (!strcmp(name, names[i])) return (enum work)i;
  fail("the work is '%s', expected count, echo, requests or lines", name);
}

static inline struct connection *connection(enum work work) {
  struct connection *c = calloc(1, sizeof *c);
  if (!c) fail("no memory for a connection");
  c->work = work;
  return c;
}

// Puts the incomplete line into the buffer; bytes are to be read after it.
static inline size_t resume(struct connection *c, char *buffer) {
  size_t length = c->length;
  if (length > 0) {
    memcpy(buffer, c->part, length);
    free(c->part);
    c->part = NULL;
    c->length = 0;
  }
  return length;
}

static inline void keep(struct connection *c, const char *bytes, size_t length) {
  if (length == 0) return;
  if (length == room) fail("a line is longer than %zu bytes", room);
  c->part = malloc(length);
  if (!c->part) fail("no memory for a part of a line");
  memcpy(c->part, bytes, length);
  c->length = length;
}

// How many of the bytes, from the first on, are the answer.
static inline size_t take(struct connection *c, const char *bytes, size_t length) {
  if (c->work == WORK_COUNT) {
    c->bytes += (long)length;
    c->ended = bytes[length - 1] == '\n';
    return 0;
  }
  if (c->work == WORK_ECHO) return length;
  const char *line = bytes, *end = bytes + length, *feed;
  while (line < end && (feed = memchr(line, '\n', (size_t)(end - line)))) {
    c->lines++;
    c->bytes += feed + 1 - line;
    c->sum += *line;
    c->ended = feed == line;
    line = feed + 1;
  }
  keep(c, line, (size_t)(end - line));
  c->ended &= c->work == WORK_LINES;
  return c->work == WORK_REQUESTS ? (size_t)(line - bytes) : 0;
}

// What is said when the last of it has come.
static inline int summary(const struct connection *c, char *text, size_t size) {
  return c->work == WORK_COUNT ? snprintf(text, size, "%ld\n", c->bytes)
                               : snprintf(text, size, "%ld %ld %ld\n", c->lines, c->bytes, c->sum);
}

#endif
