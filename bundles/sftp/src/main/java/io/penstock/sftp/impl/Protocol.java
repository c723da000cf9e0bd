// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

/** Numbers of the protocol's version 3: {@code draft-ietf-secsh-filexfer-02}. */
final class Protocol {
  static final int VERSION_NUMBER = 3;

  static final int INIT = 1;
  static final int VERSION = 2;
  static final int OPEN = 3;
  static final int CLOSE = 4;
  static final int READ = 5;
  static final int WRITE = 6;
  static final int LSTAT = 7;
  static final int FSTAT = 8;
  static final int SETSTAT = 9;
  static final int FSETSTAT = 10;
  static final int OPENDIR = 11;
  static final int READDIR = 12;
  static final int REMOVE = 13;
  static final int MKDIR = 14;
  static final int RMDIR = 15;
  static final int REALPATH = 16;
  static final int STAT = 17;
  static final int RENAME = 18;
  static final int READLINK = 19;
  static final int SYMLINK = 20;
  static final int EXTENDED = 200;

  static final int STATUS = 101;
  static final int HANDLE = 102;
  static final int DATA = 103;
  static final int NAME = 104;
  static final int ATTRS = 105;
  static final int EXTENDED_REPLY = 201;

  static final int OK = 0;
  static final int EOF = 1;
  static final int NO_SUCH_FILE = 2;
  static final int PERMISSION_DENIED = 3;
  static final int FAILURE = 4;
  static final int BAD_MESSAGE = 5;
  static final int OP_UNSUPPORTED = 8;

  static final int TO_READ = 0x01;
  static final int TO_WRITE = 0x02;
  static final int TO_APPEND = 0x04;
  static final int TO_CREATE = 0x08;
  static final int TO_TRUNCATE = 0x10;
  static final int TO_CREATE_NEW = 0x20;

  private Protocol() {}
}
