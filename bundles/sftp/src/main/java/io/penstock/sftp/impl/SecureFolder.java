// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.error.NotSupportedException;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A folder held by the JDK, without native calls. It is opened for reading, so it has to be
 * readable.
 */
final class SecureFolder extends Folder {
  private static final Path ITSELF = Path.of(".");
  private static final LinkOption[] NO_LINKS = {LinkOption.NOFOLLOW_LINKS};

  private final SecureDirectoryStream<Path> stream;
  private @Nullable SeekableByteChannel opened;
  private @Nullable Path path;

  private SecureFolder(SecureDirectoryStream<Path> stream) {
    this.stream = stream;
  }

  /**
   * Opens a folder.
   *
   * @param name of the channel, for errors
   * @throws NotSupportedException if the system cannot hold folders by descriptors that have paths
   */
  @SuppressWarnings("StreamResourceLeak") // It is closed with this object.
  static SecureFolder open(String name, Path folder) throws IOException {
    DirectoryStream<Path> stream = Files.newDirectoryStream(folder);
    if (stream instanceof SecureDirectoryStream<Path> secure && Numbers.areKnown()) {
      return new SecureFolder(secure);
    }
    stream.close();
    throw new NotSupportedException(
        name, "to keep clients of SFTP in a folder on this system", "it takes Linux with /proc");
  }

  @Override
  Path path() throws IOException {
    Path present = path;
    if (present == null) {
      SeekableByteChannel channel = stream.newByteChannel(ITSELF, Set.of(StandardOpenOption.READ));
      opened = channel;
      present = Numbers.path(channel);
      path = present;
    }
    return present;
  }

  @Override
  Kind kind(Path name) throws IOException {
    try {
      return HeldFolder.kind(attributes(name));
    } catch (NoSuchFileException e) {
      return Kind.NONE;
    }
  }

  private BasicFileAttributes attributes(Path name) throws IOException {
    return stream
        .getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .readAttributes();
  }

  @Override
  Folder below(List<Path> names) throws IOException {
    SecureFolder present = this;
    try {
      for (Path each : names) {
        SecureFolder next = present.below(each);
        if (present != this) {
          present.close();
        }
        present = next;
      }
      SecureFolder found = present;
      present = this;
      return found;
    } finally {
      if (present != this) {
        present.close();
      }
    }
  }

  private SecureFolder below(Path name) throws IOException {
    // Without the dot, the JDK would open a FIFO that is there by now, and wait. With it a link is
    // followed; so whether it is the folder of that name is looked at before it is used.
    SecureDirectoryStream<Path> next = stream.newDirectoryStream(name.resolve(ITSELF));
    boolean right = false;
    try {
      BasicFileAttributes expected = attributes(name);
      Object key = expected.fileKey();
      right =
          expected.isDirectory()
              && key != null
              && Objects.equals(
                  key,
                  next.getFileAttributeView(BasicFileAttributeView.class)
                      .readAttributes()
                      .fileKey());
    } finally {
      if (!right) {
        next.close();
      }
    }
    if (!right) {
      throw new NotDirectoryException(name.toString());
    }
    return new SecureFolder(next);
  }

  @Override
  Item item(Path name) throws IOException {
    Path named = path().resolve(name);
    return new Item() {
      @Override
      public Path path() {
        return named;
      }

      @Override
      public LinkOption[] options() {
        return NO_LINKS;
      }

      @Override
      public void close() {
        // The folder holds it.
      }
    };
  }

  @Override
  boolean holdsItems() {
    return false;
  }

  @Override
  public void close() throws IOException {
    try {
      if (opened != null) {
        opened.close();
      }
    } finally {
      stream.close();
    }
  }
}
