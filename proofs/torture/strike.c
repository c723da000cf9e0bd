// SPDX-License-Identifier: Apache-2.0
//
// strike FD COMMAND ARGUMENT...: runs a command whose chosen system calls stop, and has some of them
// fail as the other end of the socket FD asks, in lines of text. x86-64, Linux 5.3 or later, no root.
//
//   arm KEY=VALUE...   from now on, until `off`; answers "armed"
//     calls=A,B        their names, or `all`; required
//     do=errno:N       the call is not made and answers that error
//     do=after:N       the call is made, then answers that error
//     do=short:N       the call moves N bytes at most
//     do=delay:N       the call begins N milliseconds later
//     nth=N            the first match that is struck, from 1 on; 1 by default
//     count=N          so many matches in a row; 1 by default, 0 for all
//     kinds=A,B        only on descriptors of that kind: socket, pipe, terminal, file, folder, other
//     inode=N          only on the descriptor with that inode
//     spare=N,N        never on descriptors with these inodes
//     path=TEXT        only where the path of the descriptor, or the one to be opened, begins so
//     op=N             only where the second argument is N (fcntl, epoll_ctl)
//     scope=WHO        main (the process, by default), children (all that it starts) or all
//   off, state         answer "seen=N delivered=N last=CALL"; off strikes nothing more
//   counts             answers how often each call matched since the last arm: "read:12,write:3"
//
// The first line that it sends is "pid=N", the last "ended delivered=N". It ends as the command does.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Where a call has its descriptor, and the number of bytes that it may move.
enum { NO_FD = -1 };
enum length { NONE, PLAIN, VECTOR, MESSAGE };

static const struct call {
  const char *name;
  int number;
  int fd;
  enum length length;
  int at;    // the argument with the length, the vector or the message
  int path;  // the argument with the path, or -1
} calls[] = {
    {"read", SYS_read, 0, PLAIN, 2, -1},
    {"write", SYS_write, 0, PLAIN, 2, -1},
    {"pread64", SYS_pread64, 0, PLAIN, 2, -1},
    {"pwrite64", SYS_pwrite64, 0, PLAIN, 2, -1},
    {"readv", SYS_readv, 0, VECTOR, 1, -1},
    {"writev", SYS_writev, 0, VECTOR, 1, -1},
    {"recvfrom", SYS_recvfrom, 0, PLAIN, 2, -1},
    {"sendto", SYS_sendto, 0, PLAIN, 2, -1},
    {"recvmsg", SYS_recvmsg, 0, MESSAGE, 1, -1},
    {"sendmsg", SYS_sendmsg, 0, MESSAGE, 1, -1},
    {"splice", SYS_splice, 0, PLAIN, 4, -1},
    {"accept", SYS_accept, 0, NONE, 0, -1},
    {"accept4", SYS_accept4, 0, NONE, 0, -1},
    {"connect", SYS_connect, 0, NONE, 0, -1},
    {"socket", SYS_socket, NO_FD, NONE, 0, -1},
    {"socketpair", SYS_socketpair, NO_FD, NONE, 0, -1},
    {"bind", SYS_bind, 0, NONE, 0, -1},
    {"listen", SYS_listen, 0, NONE, 0, -1},
    {"shutdown", SYS_shutdown, 0, NONE, 0, -1},
    {"setsockopt", SYS_setsockopt, 0, NONE, 0, -1},
    {"getsockopt", SYS_getsockopt, 0, NONE, 0, -1},
    {"getsockname", SYS_getsockname, 0, NONE, 0, -1},
    {"getpeername", SYS_getpeername, 0, NONE, 0, -1},
    {"close", SYS_close, 0, NONE, 0, -1},
    {"dup", SYS_dup, 0, NONE, 0, -1},
    {"dup2", SYS_dup2, 0, NONE, 0, -1},
    {"dup3", SYS_dup3, 0, NONE, 0, -1},
    {"fcntl", SYS_fcntl, 0, NONE, 0, -1},
    {"ioctl", SYS_ioctl, 0, NONE, 0, -1},
    {"fstat", SYS_fstat, 0, NONE, 0, -1},
    {"fsync", SYS_fsync, 0, NONE, 0, -1},
    {"ftruncate", SYS_ftruncate, 0, NONE, 0, -1},
    {"poll", SYS_poll, NO_FD, NONE, 0, -1},
    {"epoll_wait", SYS_epoll_wait, 0, NONE, 0, -1},
    {"epoll_pwait", SYS_epoll_pwait, 0, NONE, 0, -1},
    {"epoll_create1", SYS_epoll_create1, NO_FD, NONE, 0, -1},
    {"epoll_ctl", SYS_epoll_ctl, 2, NONE, 0, -1},
    {"eventfd2", SYS_eventfd2, NO_FD, NONE, 0, -1},
    {"pipe2", SYS_pipe2, NO_FD, NONE, 0, -1},
    {"openat", SYS_openat, NO_FD, NONE, 0, 1},
    {"newfstatat", SYS_newfstatat, NO_FD, NONE, 0, 1},
    {"mkdir", SYS_mkdir, NO_FD, NONE, 0, 0},
    {"unlink", SYS_unlink, NO_FD, NONE, 0, 0},
    {"rename", SYS_rename, NO_FD, NONE, 0, 0},
    {"mknod", SYS_mknod, NO_FD, NONE, 0, 0},
    {"mknodat", SYS_mknodat, NO_FD, NONE, 0, 1},
    {"chmod", SYS_chmod, NO_FD, NONE, 0, 0},
    {"fchmod", SYS_fchmod, 0, NONE, 0, -1},
    {"clone", SYS_clone, NO_FD, NONE, 0, -1},
    {"clone3", SYS_clone3, NO_FD, NONE, 0, -1},
    {"fork", SYS_fork, NO_FD, NONE, 0, -1},
    {"vfork", SYS_vfork, NO_FD, NONE, 0, -1},
    {"execve", SYS_execve, NO_FD, NONE, 0, 0},
    {"wait4", SYS_wait4, NO_FD, NONE, 0, -1},
    {"waitid", SYS_waitid, NO_FD, NONE, 0, -1},
    {"kill", SYS_kill, NO_FD, NONE, 0, -1},
};
enum { CALLS = sizeof calls / sizeof *calls };

enum { SOCKET = 1, PIPE = 2, TERMINAL = 4, REGULAR = 8, FOLDER = 16, OTHER = 32, EVERY = 63 };
enum action { ERRNO, AFTER, SHORT, DELAY };

static struct rule {
  int armed;
  uint64_t calls;
  enum action action;
  long amount;
  long nth, count;
  int kinds;
  ino_t inode;
  ino_t spare[16];
  int spared;
  char path[256];
  long op;
  int main, children;
  long seen, delivered, each[CALLS];
  char last[160];
} rule;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum { PIDS = 1 << 22 };
static struct thread {
  pid_t process;       // 0: not looked up yet
  int answer;          // an errno to put in place of what the call answers
  long long resume;    // when a delayed call goes on, in ms; 0: none
  uint64_t poked;      // where the tracee's memory was changed for a short call
  size_t poked_length;
  unsigned char before[16 + sizeof(struct msghdr)];
  uint64_t poked2;
  uint64_t before2;
} *threads;
static pid_t delayed[256];
static int waiting;
static pid_t main_pid;
static int control;

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int has(const char *list, const char *word) {
  size_t n = strlen(word);
  for (const char *p = list; p; p = strchr(p, ','), p = p ? p + 1 : p)
    if (!strncmp(p, word, n) && (p[n] == ',' || p[n] == 0)) return 1;
  return 0;
}

static const char *arm(char *text) {
  struct rule r = {.nth = 1, .count = 1, .kinds = EVERY, .op = -1, .main = 1};
  char *save = NULL;
  for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
    char *value = strchr(word, '=');
    if (!value) return "error: expected KEY=VALUE";
    *value++ = 0;
    if (!strcmp(word, "calls")) {
      for (int i = 0; i < CALLS; i++)
        if (!strcmp(value, "all") || has(value, calls[i].name)) r.calls |= 1ULL << i;
    } else if (!strcmp(word, "do")) {
      char *amount = strchr(value, ':');
      if (!amount) return "error: expected do=WHAT:N";
      *amount++ = 0;
      r.amount = atol(amount);
      if (!strcmp(value, "errno")) r.action = ERRNO;
      else if (!strcmp(value, "after")) r.action = AFTER;
      else if (!strcmp(value, "short")) r.action = SHORT;
      else if (!strcmp(value, "delay")) r.action = DELAY;
      else return "error: unknown action";
    } else if (!strcmp(word, "nth")) r.nth = atol(value);
    else if (!strcmp(word, "count")) r.count = atol(value);
    else if (!strcmp(word, "op")) r.op = atol(value);
    else if (!strcmp(word, "inode")) r.inode = strtoull(value, NULL, 10);
    else if (!strcmp(word, "path")) snprintf(r.path, sizeof r.path, "%s", value);
    else if (!strcmp(word, "scope")) {
      r.main = strcmp(value, "children") != 0;
      r.children = strcmp(value, "main") != 0;
    } else if (!strcmp(word, "kinds")) {
      r.kinds = (has(value, "socket") ? SOCKET : 0) | (has(value, "pipe") ? PIPE : 0) |
                (has(value, "terminal") ? TERMINAL : 0) | (has(value, "file") ? REGULAR : 0) |
                (has(value, "folder") ? FOLDER : 0) | (has(value, "other") ? OTHER : 0);
    } else if (!strcmp(word, "spare")) {
      char *s = NULL;
      for (char *n = strtok_r(value, ",", &s); n && r.spared < 16; n = strtok_r(NULL, ",", &s))
        r.spare[r.spared++] = strtoull(n, NULL, 10);
    } else return "error: unknown key";
  }
  if (!r.calls) return "error: no calls";
  r.armed = 1;
  pthread_mutex_lock(&lock);
  rule = r;
  pthread_mutex_unlock(&lock);
  return "armed";
}

// Takes what the other end asks for. Ends with the other end: then nothing is struck any more.
static void *obey(void *nothing) {
  FILE *in = fdopen(dup(control), "r");
  char line[2048];
  while (in && fgets(line, sizeof line, in)) {
    char answer[4096] = "";
    line[strcspn(line, "\n")] = 0;
    if (!strncmp(line, "arm ", 4)) {
      snprintf(answer, sizeof answer, "%s\n", arm(line + 4));
    } else if (!strcmp(line, "counts")) {
      int n = 0;
      pthread_mutex_lock(&lock);
      for (int i = 0; i < CALLS; i++)
        if (rule.each[i]) n += sprintf(answer + n, "%s:%ld,", calls[i].name, rule.each[i]);
      pthread_mutex_unlock(&lock);
      sprintf(answer + n, "\n");
    } else {
      pthread_mutex_lock(&lock);
      if (!strcmp(line, "off")) rule.armed = 0;
      snprintf(answer, sizeof answer, "seen=%ld delivered=%ld last=%s\n", rule.seen, rule.delivered,
               rule.last);
      pthread_mutex_unlock(&lock);
    }
    if (write(control, answer, strlen(answer)) < 0) break;
  }
  pthread_mutex_lock(&lock);
  rule.armed = 0;
  pthread_mutex_unlock(&lock);
  return nothing;
}

static pid_t process_of(pid_t tid) {
  struct thread *t = &threads[tid];
  if (t->process) return t->process;
  char path[64], line[256];
  snprintf(path, sizeof path, "/proc/%d/status", tid);
  FILE *f = fopen(path, "r");
  if (!f) return -1;
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "Tgid: %d", &t->process) == 1) break;
  fclose(f);
  return t->process;
}

static long argument(const struct user_regs_struct *r, int n) {
  switch (n) {
    case 0: return r->rdi;
    case 1: return r->rsi;
    case 2: return r->rdx;
    case 3: return r->r10;
    case 4: return r->r8;
    default: return r->r9;
  }
}

static void set_argument(struct user_regs_struct *r, int n, long value) {
  switch (n) {
    case 0: r->rdi = value; break;
    case 1: r->rsi = value; break;
    case 2: r->rdx = value; break;
    case 3: r->r10 = value; break;
    case 4: r->r8 = value; break;
    default: r->r9 = value;
  }
}

static int peek(pid_t tid, uint64_t at, void *into, size_t length) {
  struct iovec here = {into, length}, there = {(void *)at, length};
  return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)length;
}

static int poke(pid_t tid, uint64_t at, void *from, size_t length) {
  struct iovec here = {from, length}, there = {(void *)at, length};
  return process_vm_writev(tid, &here, 1, &there, 1, 0) == (ssize_t)length;
}

static int begins(pid_t tid, uint64_t at, const char *prefix) {
  char text[256] = "";
  size_t n = strlen(prefix);
  return peek(tid, at, text, n) && !strncmp(text, prefix, n);
}

// Whether the descriptor or path of a call is one that the rule asks for.
static int fits(pid_t tid, const struct call *call, const struct user_regs_struct *r) {
  if (rule.op >= 0 && (int)argument(r, 1) != rule.op) return 0;
  if (call->fd == NO_FD) {
    if (rule.inode) return 0;
    if (rule.path[0]) return call->path >= 0 && begins(tid, argument(r, call->path), rule.path);
    return 1;
  }
  if (rule.kinds == EVERY && !rule.inode && !rule.spared && !rule.path[0]) return 1;
  char path[64];
  struct stat s;
  snprintf(path, sizeof path, "/proc/%d/fd/%d", tid, (int)argument(r, call->fd));
  if (stat(path, &s)) return 0;
  for (int i = 0; i < rule.spared; i++)
    if (s.st_ino == rule.spare[i]) return 0;
  if (rule.inode && s.st_ino != rule.inode) return 0;
  if (rule.path[0]) {
    char target[512] = "";
    if (readlink(path, target, sizeof target - 1) < 0) return 0;
    if (strncmp(target, rule.path, strlen(rule.path))) return 0;
  }
  int kind = OTHER;
  switch (s.st_mode & S_IFMT) {
    case S_IFSOCK: kind = SOCKET; break;
    case S_IFIFO: kind = PIPE; break;
    case S_IFCHR: kind = TERMINAL; break;
    case S_IFREG: kind = REGULAR; break;
    case S_IFDIR: kind = FOLDER; break;
  }
  return (rule.kinds & kind) != 0;
}

// Shortens what a call may move; true if its end must be seen, to put back what was changed.
static int shorten(pid_t tid, const struct call *call, struct user_regs_struct *r) {
  struct thread *t = &threads[tid];
  if (call->length == PLAIN) {
    if (argument(r, call->at) > rule.amount) set_argument(r, call->at, rule.amount);
    return 0;
  }
  uint64_t vector = argument(r, call->at);
  if (call->length == MESSAGE) {
    struct msghdr m;
    if (!peek(tid, vector, &m, sizeof m) || m.msg_iovlen < 1) return 0;
    t->poked2 = vector + offsetof(struct msghdr, msg_iovlen);
    t->before2 = m.msg_iovlen;
    size_t one = 1;
    poke(tid, t->poked2, &one, sizeof one);
    vector = (uint64_t)m.msg_iov;
  } else if (call->length == VECTOR) {
    set_argument(r, 2, 1);
  } else {
    return 0;
  }
  struct iovec v;
  if (!peek(tid, vector, &v, sizeof v)) return 0;
  memcpy(t->before, &v, sizeof v);
  t->poked = vector;
  t->poked_length = sizeof v;
  if ((long)v.iov_len > rule.amount) v.iov_len = rule.amount;
  poke(tid, vector, &v, sizeof v);
  return 1;
}

static void strike_at(pid_t tid, const struct call *call, struct user_regs_struct *r, int *request) {
  struct thread *t = &threads[tid];
  rule.delivered++;
  char path[64], comm[32] = "?";
  snprintf(path, sizeof path, "/proc/%d/comm", tid);
  FILE *f = fopen(path, "r");
  if (f) {
    if (fgets(comm, sizeof comm, f)) comm[strcspn(comm, "\n")] = 0;
    fclose(f);
  }
  for (char *p = comm; *p; p++) if (*p == ' ') *p = '_';
  snprintf(rule.last, sizeof rule.last, "%s(%ld),call_%ld,thread_%s", call->name,
           call->fd == NO_FD ? -1L : (long)(int)argument(r, call->fd), rule.seen, comm);
  switch (rule.action) {
    case ERRNO:
      r->orig_rax = -1;
      r->rax = -rule.amount;
      ptrace(PTRACE_SETREGS, tid, 0, r);
      break;
    case AFTER:
      t->answer = (int)rule.amount;
      *request = PTRACE_SYSCALL;
      break;
    case SHORT:
      if (shorten(tid, call, r)) *request = PTRACE_SYSCALL;
      ptrace(PTRACE_SETREGS, tid, 0, r);
      break;
    case DELAY:
      if (waiting < 256) {
        t->resume = now_ms() + rule.amount;
        delayed[waiting++] = tid;
        *request = 0;
      }
      break;
  }
}

static void at_call(pid_t tid, int *request) {
  pthread_mutex_lock(&lock);
  int armed = rule.armed;
  pthread_mutex_unlock(&lock);
  if (!armed) return;
  struct user_regs_struct r;
  if (ptrace(PTRACE_GETREGS, tid, 0, &r)) return;
  int ours = process_of(tid) == main_pid;
  pthread_mutex_lock(&lock);
  if (rule.armed && (ours ? rule.main : rule.children)) {
    for (int i = 0; i < CALLS; i++) {
      if (calls[i].number != (int)r.orig_rax) continue;
      if (!(rule.calls & 1ULL << i) || !fits(tid, &calls[i], &r)) break;
      rule.seen++;
      rule.each[i]++;
      if (rule.seen >= rule.nth && (rule.count == 0 || rule.delivered < rule.count))
        strike_at(tid, &calls[i], &r, request);
      break;
    }
  }
  pthread_mutex_unlock(&lock);
}

static void at_return(pid_t tid) {
  struct thread *t = &threads[tid];
  struct user_regs_struct r;
  if (t->poked) poke(tid, t->poked, t->before, t->poked_length);
  if (t->poked2) poke(tid, t->poked2, &t->before2, sizeof t->before2);
  t->poked = t->poked2 = 0;
  if (t->answer && !ptrace(PTRACE_GETREGS, tid, 0, &r)) {
    r.rax = -(long)t->answer;
    ptrace(PTRACE_SETREGS, tid, 0, &r);
  }
  t->answer = 0;
}

static void resume_delayed(void) {
  long long now = now_ms();
  for (int i = 0; i < waiting;) {
    pid_t tid = delayed[i];
    if (threads[tid].resume <= now) {
      threads[tid].resume = 0;
      delayed[i] = delayed[--waiting];
      ptrace(PTRACE_CONT, tid, 0, 0);
    } else {
      i++;
    }
  }
}

static void tick(int signal) { (void)signal; }

static void start(char **argv, int go) {
  struct sock_filter f[CALLS + 3];
  int n = 0;
  char c;
  if (read(go, &c, 1) != 1) _exit(99);
  close(go);
  f[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (int i = 0; i < CALLS; i++)
    f[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, CALLS - i, 0);
  f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
  struct sock_fprog program = {n, f};
  signal(SIGINT, SIG_DFL);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
    perror("strike: seccomp");
    _exit(98);
  }
  execvp(argv[0], argv);
  perror(argv[0]);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: strike FD COMMAND ARGUMENT...\n");
    return 2;
  }
  control = atoi(argv[1]);
  fcntl(control, F_SETFD, FD_CLOEXEC);
  threads = calloc(PIDS, sizeof *threads);
  int go[2];
  if (!threads || pipe2(go, O_CLOEXEC)) return 99;
  main_pid = fork();
  if (main_pid == 0) start(argv + 2, go[0]);
  long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                 PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD;
  if (ptrace(PTRACE_SEIZE, main_pid, 0, options)) {
    perror("strike: ptrace is refused");
    kill(main_pid, SIGKILL);
    return 97;
  }
  // A signal that ends the tracer's wait, now and then while a call is delayed.
  struct sigaction alarm = {.sa_handler = tick};
  sigaction(SIGALRM, &alarm, NULL);
  signal(SIGINT, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  char hello[32];
  snprintf(hello, sizeof hello, "pid=%d\n", main_pid);
  if (write(control, hello, strlen(hello)) < 0 || write(go[1], "g", 1) != 1) return 99;
  close(go[0]);
  close(go[1]);
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  pthread_sigmask(SIG_BLOCK, &alarms, NULL);
  pthread_t obeying;
  pthread_create(&obeying, NULL, obey, NULL);
  pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);

  int result = 97;
  for (;;) {
    if (waiting) {
      struct itimerval soon = {{0, 2000}, {0, 2000}};
      setitimer(ITIMER_REAL, &soon, NULL);
    }
    int status;
    pid_t tid = waitpid(-1, &status, __WALL);
    if (waiting) {
      struct itimerval never = {{0, 0}, {0, 0}};
      setitimer(ITIMER_REAL, &never, NULL);
      resume_delayed();
    }
    if (tid < 0) {
      if (errno == EINTR) continue;
      break;
    }
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      for (int i = 0; i < waiting; i++)
        if (delayed[i] == tid) delayed[i--] = delayed[--waiting];
      memset(&threads[tid], 0, sizeof *threads);
      if (tid == main_pid) {
        result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        break;
      }
      continue;
    }
    int event = status >> 16, signal = WSTOPSIG(status), request = PTRACE_CONT, pass = 0;
    if (signal == (SIGTRAP | 0x80)) {
      // With PTRACE_SYSCALL after the stop of seccomp, the next stop is the call's end.
      at_return(tid);
    } else if (event == PTRACE_EVENT_SECCOMP) {
      at_call(tid, &request);
    } else if (event == PTRACE_EVENT_EXEC) {
      threads[tid].process = 0;
    } else if (event == PTRACE_EVENT_STOP) {
      // A new thread, or one that is stopped together with its process.
      if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)
        request = PTRACE_LISTEN;
    } else if (event == 0) {
      pass = signal;
    }
    if (request) ptrace(request, tid, 0, pass);
  }
  char end[64];
  snprintf(end, sizeof end, "ended delivered=%ld\n", rule.delivered);
  if (write(control, end, strlen(end)) < 0) return result;
  return result;
}
