// SPDX-License-Identifier: Apache-2.0
//
// The same server on libuv: uv WORK ADDRESS; uv version tells which it is.

#include <signal.h>
#include <uv.h>

#include "work.h"

static char buffer[BUFFER];

struct client {
  union {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t local;
  } of;
  struct connection *state;
  size_t kept;
};

static enum work work;

// The other of two pipes.
static uv_pipe_t other;

static uv_stream_t *answers(uv_stream_t *stream) {
  return back < 0 ? stream : (uv_stream_t *)&other;
}

static void gone(uv_handle_t *handle) {
  struct client *client = (struct client *)handle;
  free(client->state->part);
  free(client->state);
  free(client);
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *into) {
  (void)suggested;
  struct client *client = (struct client *)handle;
  client->kept = resume(client->state, buffer);
  *into = uv_buf_init(buffer + client->kept, (unsigned)(room - client->kept));
}

static void written(uv_write_t *request, int status) {
  if (status < 0 && status != UV_ECANCELED) fail("write: %s", uv_strerror(status));
  free(request);
}

// At once if it goes; the rest is kept until it does.
static void say(uv_stream_t *stream, char *bytes, size_t length) {
  uv_buf_t buf = uv_buf_init(bytes, (unsigned)length);
  int n = uv_try_write(stream, &buf, 1);
  if (n == (int)length) return;
  size_t done = n < 0 ? 0 : (size_t)n;
  uv_write_t *request = malloc(sizeof *request + length - done);
  if (!request) fail("no memory for a write");
  memcpy(request + 1, bytes + done, length - done);
  buf = uv_buf_init((char *)(request + 1), (unsigned)(length - done));
  check(uv_write(request, stream, &buf, 1, written), "uv_write");
}

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *into) {
  (void)into;
  struct client *client = (struct client *)stream;
  if (n < 0) {
    uv_close(&client->of.any, gone);
  } else if (n == 0) {
    keep(client->state, buffer, client->kept);
  } else {
    size_t reply = take(client->state, buffer, client->kept + (size_t)n);
    if (reply > 0) say(answers(stream), buffer, reply);
    if (client->state->ended) {
      char text[96];
      say(answers(stream), text, (size_t)summary(client->state, text, sizeof text));
      client->state->bytes = 0;
    }
  }
}

static void accepted(uv_stream_t *listener, int status) {
  if (status < 0) fail("accept: %s", uv_strerror(status));
  struct client *client = calloc(1, sizeof *client);
  client->state = connection(work);
  if (listener->type == UV_TCP) {
    uv_tcp_init(listener->loop, &client->of.tcp);
    uv_accept(listener, &client->of.stream);
    uv_tcp_nodelay(&client->of.tcp, 1);
  } else {
    uv_pipe_init(listener->loop, &client->of.local, 0);
    uv_accept(listener, &client->of.stream);
  }
  uv_read_start(&client->of.stream, give_room, came);
}

static void ended(uv_stream_t *input, ssize_t n, const uv_buf_t *into) {
  (void)input;
  (void)into;
  if (n < 0) exit(0);
}

int main(int argc, char **argv) {
  if (argc == 2 && !strcmp(argv[1], "version")) {
    printf("%s\n", uv_version_string());
    return 0;
  }
  if (argc != 3) fail("expected WORK ADDRESS, or version");
  signal(SIGPIPE, SIG_IGN);
  raise_descriptors();
  work = work_of(argv[1]);
  uv_loop_t *loop = uv_default_loop();
  struct client listener = {0}, input = {0};
  int fd = is_pipes(argv[2]) ? serve_pipes(argv[2]) : listen_at(argv[2]);
  if (is_pipes(argv[2])) {
    listener.state = connection(work);
    uv_pipe_init(loop, &listener.of.local, 0);
    uv_pipe_init(loop, &other, 0);
    check(uv_pipe_open(&listener.of.local, fd) | uv_pipe_open(&other, back), "uv_pipe_open");
    uv_read_start(&listener.of.stream, give_room, came);
  } else if (!strncmp(argv[2], "tcp:", 4)) {
    uv_tcp_init(loop, &listener.of.tcp);
    uv_tcp_open(&listener.of.tcp, fd);
  } else {
    uv_pipe_init(loop, &listener.of.local, 0);
    uv_pipe_open(&listener.of.local, fd);
  }
  if (!is_pipes(argv[2])) uv_listen(&listener.of.stream, 1024, accepted);
  input.state = connection(WORK_COUNT);
  uv_pipe_init(loop, &input.of.local, 0);
  if (uv_pipe_open(&input.of.local, 0)) fail("standard input is no pipe, expected one");
  uv_read_start(&input.of.stream, give_room, ended);
  return uv_run(loop, UV_RUN_DEFAULT);
}
