// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/**
 * The file or folder behind a handle of a client: the file or folder itself, whatever becomes of
 * its name.
 */
abstract sealed class OpenHandle implements Closeable {
  /** The words of the system. */
  private static final String BAD_DESCRIPTOR = "Bad file descriptor";

  /** A path that leads to it by its descriptor. */
  abstract Path path() throws IOException;

  /** A regular file. */
  static final class OfFile extends OpenHandle {
    private final FileChannel channel;
    private final boolean reads;
    private final boolean writes;
    private final boolean appends;
    private @Nullable Path path;

    OfFile(FileChannel channel, int flags) {
      this.channel = channel;
      this.writes = (flags & Protocol.TO_WRITE) != 0;
      this.reads = !writes || (flags & Protocol.TO_READ) != 0;
      this.appends = writes && (flags & Protocol.TO_APPEND) != 0;
    }

    @Override
    Path path() throws IOException {
      Path present = path;
      if (present == null) {
        present = Numbers.path(channel);
        path = present;
      }
      return present;
    }

    boolean isWritable() {
      return writes;
    }

    /** A change that a channel which only appends cannot make. */
    interface Change {
      void make(FileChannel channel) throws IOException;
    }

    void change(Change change) throws IOException {
      if (!appends) {
        change.make(channel);
        return;
      }
      try (FileChannel again = FileChannel.open(path(), StandardOpenOption.WRITE)) {
        change.make(again);
      }
    }

    int read(ByteBuffer to, long offset) throws IOException {
      if (!reads) {
        throw new FileSystemException("", null, BAD_DESCRIPTOR);
      }
      int n = 0;
      while (to.hasRemaining() && n >= 0) {
        n = channel.read(to, offset + to.position());
      }
      return to.position();
    }

    void write(ByteBuffer data, long offset) throws IOException {
      if (!writes) {
        throw new FileSystemException("", null, BAD_DESCRIPTOR);
      }
      long at = appends ? channel.size() : offset;
      while (data.hasRemaining()) {
        at += channel.write(data, at);
      }
    }

    void sync() throws IOException {
      channel.force(true);
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** A folder, and how far it was listed. */
  static final class OfFolder extends OpenHandle {
    private final Folder folder;
    private final DirectoryStream<Path> stream;
    private final Iterator<Path> names;
    private boolean begun;

    /**
     * Begins to list.
     *
     * @param folder this object's from now on, also when this fails
     */
    @SuppressWarnings("StreamResourceLeak") // It is closed with this object.
    OfFolder(Folder folder) throws IOException {
      this.folder = folder;
      DirectoryStream<Path> opened = null;
      try {
        opened = Files.newDirectoryStream(folder.path());
      } finally {
        if (opened == null) {
          folder.close();
        }
      }
      this.stream = opened;
      this.names = opened.iterator();
    }

    @Override
    Path path() throws IOException {
      return folder.path();
    }

    /** True once. */
    boolean begins() {
      boolean first = !begun;
      begun = true;
      return first;
    }

    Iterator<Path> names() {
      return names;
    }

    @Override
    public void close() throws IOException {
      try {
        stream.close();
      } finally {
        folder.close();
      }
    }
  }
}
