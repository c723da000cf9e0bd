// SPDX-License-Identifier: Apache-2.0
//
// A peer on libuv, over the Unix socket at PATH:
//   handles send PATH PORT   sends a TCP connection to PORT, a TCP listener, a UDP socket, a Unix socket
//                            and the end of a pipe, each with a byte that names it, and closes its own
//   handles accept PATH      takes a TCP listener, gives back what comes over its connections, and
//                            exits at the end of the stream

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static uv_loop_t *loop;
static uv_pipe_t peer;
static uv_tcp_t connection;
static uv_tcp_t listener;
static uv_udp_t udp;
static uv_pipe_t unix_mine;
static uv_pipe_t unix_theirs;
static uv_pipe_t pipe_end;
static int port;
static int accepted;

static void check(const char *what, int status) {
  if (status < 0) {
    fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
    exit(1);
  }
}

static void room(uv_handle_t *handle, size_t suggested, uv_buf_t *into) {
  static char buffer[65536];
  (void)handle;
  (void)suggested;
  *into = uv_buf_init(buffer, sizeof buffer);
}

static void close_if_open(uv_handle_t *handle, void *argument) {
  (void)argument;
  if (!uv_is_closing(handle)) uv_close(handle, NULL);
}

struct sending {
  uv_write_t request;
  uv_buf_t bytes;
  char tag;
  uv_handle_t *own;
};

static void sent(uv_write_t *request, int status) {
  struct sending *sending = (struct sending *)request;
  check("send", status);
  uv_close(sending->own, NULL);
  free(sending);
}

static void send_handle(char tag, uv_handle_t *handle) {
  struct sending *sending = malloc(sizeof *sending);
  sending->tag = tag;
  sending->bytes = uv_buf_init(&sending->tag, 1);
  sending->own = handle;
  check("write", uv_write2(&sending->request, (uv_stream_t *)&peer, &sending->bytes, 1,
                           (uv_stream_t *)handle, sent));
}

static void gave_back(uv_write_t *request, int status) {
  check("give back", status);
  free(request->data);
  free(request);
}

static void give_back(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes) {
  if (count < 0) {
    uv_close((uv_handle_t *)stream, NULL);
    return;
  }
  uv_write_t *request = malloc(sizeof *request);
  request->data = malloc(count);
  memcpy(request->data, bytes->base, count);
  uv_buf_t copy = uv_buf_init(request->data, count);
  check("give back", uv_write(request, stream, &copy, 1, gave_back));
}

static void ended(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes) {
  (void)stream;
  (void)bytes;
  if (count < 0) uv_walk(loop, close_if_open, NULL);
}

static void tcp_connected(uv_connect_t *request, int status) {
  struct sockaddr_in any;
  uv_os_sock_t pair[2];
  uv_file ends[2];
  (void)request;
  check("connect to the port", status);
  send_handle('c', (uv_handle_t *)&connection);

  uv_ip4_addr("127.0.0.1", 0, &any);
  check("listener", uv_tcp_init(loop, &listener));
  check("bind", uv_tcp_bind(&listener, (struct sockaddr *)&any, 0));
  send_handle('l', (uv_handle_t *)&listener);

  check("udp", uv_udp_init(loop, &udp));
  check("bind", uv_udp_bind(&udp, (struct sockaddr *)&any, 0));
  send_handle('u', (uv_handle_t *)&udp);

  check("pair", uv_socketpair(SOCK_STREAM, 0, pair, UV_NONBLOCK_PIPE, UV_NONBLOCK_PIPE));
  check("mine", uv_pipe_init(loop, &unix_mine, 0));
  check("mine", uv_pipe_open(&unix_mine, pair[0]));
  check("mine", uv_read_start((uv_stream_t *)&unix_mine, room, give_back));
  check("theirs", uv_pipe_init(loop, &unix_theirs, 0));
  check("theirs", uv_pipe_open(&unix_theirs, pair[1]));
  send_handle('x', (uv_handle_t *)&unix_theirs);

  check("pipe", uv_pipe(ends, UV_NONBLOCK_PIPE, 0));
  if (write(ends[1], "from the pipe", 13) != 13) exit(1);
  close(ends[1]);
  check("end", uv_pipe_init(loop, &pipe_end, 0));
  check("end", uv_pipe_open(&pipe_end, ends[0]));
  send_handle('p', (uv_handle_t *)&pipe_end);

  check("end of stream", uv_read_start((uv_stream_t *)&peer, room, ended));
}

static void send_all(uv_connect_t *request, int status) {
  static uv_connect_t connecting;
  struct sockaddr_in there;
  (void)request;
  check("connect", status);
  uv_ip4_addr("127.0.0.1", port, &there);
  check("connection", uv_tcp_init(loop, &connection));
  check("connection",
        uv_tcp_connect(&connecting, &connection, (struct sockaddr *)&there, tcp_connected));
}

static void came(uv_stream_t *server, int status) {
  check("listen", status);
  uv_tcp_t *client = malloc(sizeof *client);
  check("client", uv_tcp_init(loop, client));
  check("accept", uv_accept(server, (uv_stream_t *)client));
  check("read", uv_read_start((uv_stream_t *)client, room, give_back));
  accepted++;
}

static void take(uv_stream_t *stream, ssize_t count, const uv_buf_t *bytes) {
  (void)bytes;
  if (count < 0) {
    uv_walk(loop, close_if_open, NULL);
    return;
  }
  while (uv_pipe_pending_count(&peer) > 0) {
    if (uv_pipe_pending_type(&peer) != UV_TCP) {
      fprintf(stderr, "took a handle of type %d\n", uv_pipe_pending_type(&peer));
      exit(1);
    }
    check("listener", uv_tcp_init(loop, &listener));
    check("take", uv_accept(stream, (uv_stream_t *)&listener));
    check("listen", uv_listen((uv_stream_t *)&listener, 8, came));
  }
}

static void take_all(uv_connect_t *request, int status) {
  (void)request;
  check("connect", status);
  check("read", uv_read_start((uv_stream_t *)&peer, room, take));
}

int main(int count, char **words) {
  static uv_connect_t connecting;
  int sends = count == 4 && !strcmp(words[1], "send");
  if (!sends && !(count == 3 && !strcmp(words[1], "accept"))) {
    fprintf(stderr, "expected send PATH PORT, or accept PATH\n");
    return 2;
  }
  if (sends) port = atoi(words[3]);
  loop = uv_default_loop();
  check("pipe", uv_pipe_init(loop, &peer, 1));
  uv_pipe_connect(&connecting, &peer, words[2], sends ? send_all : take_all);
  uv_run(loop, UV_RUN_DEFAULT);
  if (!sends) printf("accepted %d\n", accepted);
  return 0;
}
