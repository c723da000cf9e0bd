// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;

/**
 * A folder that is held by a descriptor: it stays the same folder, whatever its name leads to
 * meanwhile. For one thread at a time.
 */
abstract class Folder implements Closeable {
  /** The kind of file that a name in a folder refers to; links are not followed. */
  enum Kind {
    NONE,
    LINK,
    FOLDER,
    FILE,
    /** A FIFO, a socket, a device: it is looked at, never opened. */
    OTHER
  }

  /** The file at the end of a path, for calls that take a path. */
  interface Item extends Closeable {
    /** Leads to it by a descriptor. */
    Path path();

    /** The options that keep the calls from following any other link. */
    LinkOption[] options();

    @Override
    void close() throws IOException;
  }

  /**
   * A path that leads to this folder by its descriptor, until the close. One name may be added to
   * it; a call with that name must not follow a link.
   */
  abstract Path path() throws IOException;

  /** What a name is. */
  abstract Kind kind(Path name) throws IOException;

  /**
   * Holds a folder below this one, following no link.
   *
   * @param names at least one
   * @throws java.nio.file.NotDirectoryException if one of them is a link or a file
   */
  abstract Folder below(List<Path> names) throws IOException;

  /** Holds what a name is, as well as it can be held, following no link. */
  abstract Item item(Path name) throws IOException;

  /** Whether what was held is certain to be opened, and nothing that came in its place. */
  abstract boolean holdsItems();

  @Override
  public abstract void close() throws IOException;
}
