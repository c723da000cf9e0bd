/* SPDX-License-Identifier: Apache-2.0
 *
 * confine CALLS UID FILES TASKS WRITABLE COMMAND...: runs a command as systemd would run a service: the
 * file system read-only but for one folder and a /tmp of its own, no capability and none to be had, limits,
 * and only the system calls of the file CALLS. A line is a number, or "wx", which refuses memory that is
 * writable and executable in turn, "ns", which refuses name spaces, or "af NUMBER", the family of addresses
 * that sockets may have; without "af" they may have any. Must be root. x86-64.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 600
#define NAME_SPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define CHECK(call) do { if ((call) < 0) { fprintf(stderr, "confine: %s: %s\n", #call, strerror(errno)); exit(125); } } while (0)

struct attributes { unsigned long long set, clear, propagation, user; };

int main(int argc, char **argv) {
  if (argc < 7) return 125;
  static int calls[MOST];
  static int families[MOST];
  int count = 0, wx = 0, ns = 0, family = 0;
  char line[64];
  FILE *file = fopen(argv[1], "r");
  if (!file) { perror(argv[1]); return 125; }
  while (count < MOST && fgets(line, sizeof line, file)) {
    if (!strncmp(line, "wx", 2)) wx = 1;
    else if (!strncmp(line, "ns", 2)) ns = 1;
    else if (!strncmp(line, "af ", 3)) families[family++] = atoi(line + 3);
    else calls[count++] = atoi(line);
  }
  fclose(file);

  CHECK(unshare(CLONE_NEWNS | CLONE_NEWIPC));
  CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  CHECK(mount(argv[5], argv[5], NULL, MS_BIND, NULL));
  struct attributes readonly = {1 /* MOUNT_ATTR_RDONLY */, 0, 0, 0}, writable = {0, 1, 0, 0};
  CHECK(syscall(442 /* mount_setattr */, AT_FDCWD, "/", AT_RECURSIVE, &readonly, sizeof readonly));
  CHECK(syscall(442, AT_FDCWD, argv[5], 0, &writable, sizeof writable));
  CHECK(mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));

  struct rlimit files = {atoi(argv[3]), atoi(argv[3])}, tasks = {atoi(argv[4]), atoi(argv[4])}, none = {0, 0};
  CHECK(setrlimit(RLIMIT_NOFILE, &files));
  CHECK(setrlimit(RLIMIT_NPROC, &tasks));
  CHECK(setrlimit(RLIMIT_CORE, &none));
  for (int cap = 0; cap < 64; cap++) prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
  gid_t group = atoi(argv[2]);
  CHECK(setgroups(0, NULL));
  CHECK(setresgid(group, group, group));
  CHECK(setresuid(group, group, group));
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));

  static struct sock_filter filter[4 * MOST + 60];
  int n = 0;
#define PUT(...) filter[n++] = (struct sock_filter) __VA_ARGS__
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
  PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
  PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
  PUT(REFUSE);
  PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  if (wx) {
    int guarded[] = {SYS_mmap, SYS_mprotect};
    for (int i = 0; i < 2; i++) {
      PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, guarded[i], 0, 5));
      PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])));
      PUT(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, i == 0 ? PROT_WRITE | PROT_EXEC : PROT_EXEC));
      PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, i == 0 ? PROT_WRITE | PROT_EXEC : PROT_EXEC, 0, 1));
      PUT(REFUSE);
      PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    }
  }
  if (ns) {
    /* What clone3 asks for is in memory, which a filter cannot see: libraries take clone instead. */
    PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1));
    PUT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setns, 0, 1));
    PUT(REFUSE);
    int guarded[] = {SYS_clone, SYS_unshare};
    for (int i = 0; i < 2; i++) {
      PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, guarded[i], 0, 4));
      PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])));
      PUT(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAME_SPACES, 0, 1));
      PUT(REFUSE);
      PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    }
  }
  if (family > 0) {
    PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, family + 3));
    PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])));
    for (int i = 0; i < family; i++) PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, families[i], family - i, 0));
    PUT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT));
    PUT(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  }
  for (int i = 0; i < count; i++) {
    PUT(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1));
    PUT(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  PUT(REFUSE);
  struct sock_fprog program = {n, filter};
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
  execvp(argv[6], argv + 6);
  perror(argv[6]);
  return 125;
}
