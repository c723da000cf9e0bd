// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.sftp.server.FileHandle;
import org.apache.sshd.sftp.server.SftpFileSystemAccessor;
import org.apache.sshd.sftp.server.SftpSubsystemProxy;
import org.jspecify.annotations.Nullable;

/**
 * The folder that clients are enclosed in. The library keeps the names of paths below it; this does
 * so for where symbolic links lead. Paths of the library's are those that clients know, absolute
 * and normal.
 */
final class Enclosure implements SftpFileSystemAccessor {
  /** With a handle: what its file is known by as long as it is open. */
  static final AttributeKey<Object> KEY = new AttributeKey<>();

  private final Path root;

  /**
   * Encloses.
   *
   * @param root the real path of the folder
   */
  Enclosure(Path root) {
    this.root = root;
  }

  private static AccessDeniedException leadsOut(Path path) {
    return new AccessDeniedException(path.toString(), null, "leads out of what is served");
  }

  /** Where a path is, whatever is there. */
  private Path local(Path path) {
    Path place = root;
    for (Path name : path) {
      place = place.resolve(name.toString());
    }
    return place;
  }

  /**
   * Checks that a path stays inside.
   *
   * @param names how many of its names
   */
  void check(Path path, int names) throws IOException {
    // What is not there yet leads nowhere.
    Path place = root;
    for (int i = 0; i < names; i++) {
      Path next = place.resolve(path.getName(i).toString());
      if (!Files.exists(next, LinkOption.NOFOLLOW_LINKS)) {
        break;
      }
      place = next;
    }
    if (!place.toRealPath().startsWith(root)) {
      throw leadsOut(path);
    }
  }

  /**
   * Where a path of something that is there leads.
   *
   * @return inside, without any link
   */
  private Path real(Path path) throws IOException {
    try {
      Path real = local(path).toRealPath();
      if (real.startsWith(root)) {
        return real;
      }
    } catch (NoSuchFileException e) {
      throw new NoSuchFileException(path.toString());
    }
    throw leadsOut(path);
  }

  /** What a file is known by as long as it is open; null if the system knows none. */
  @Nullable Object key(Path path) throws IOException {
    return Files.readAttributes(real(path), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
        .fileKey();
  }

  /**
   * Checks that a name may be given to what is at a path. A link could lead out from its new place,
   * and one that does so already must not get to where nobody expects it.
   */
  void checkMove(Path from, Path to) throws IOException {
    Path link = local(from);
    if (!Files.isSymbolicLink(link)) {
      return;
    }
    Path target = Files.readSymbolicLink(link);
    if (goesUp(target) && !Objects.equals(from.getParent(), to.getParent())) {
      throw new AccessDeniedException(
          from.toString(), null, "a link with '..' cannot be moved to another folder");
    }
    if (Files.exists(link)
        ? !link.toRealPath().startsWith(root)
        : target.isAbsolute() && !target.normalize().startsWith(root)) {
      throw leadsOut(from);
    }
  }

  /** Whether a path has {@code ..} in it: where that leads is up to the links before it. */
  static boolean goesUp(Path path) {
    for (Path name : path) {
      if (name.toString().equals("..")) {
        return true;
      }
    }
    return false;
  }

  /**
   * From folder to folder, following no link beyond those that were found to stay inside: whatever
   * else of this client's or of another's changes links meanwhile.
   */
  @Override
  public SeekableByteChannel openFile(
      SftpSubsystemProxy subsystem,
      @Nullable FileHandle handle,
      Path file,
      String name,
      Set<? extends OpenOption> options,
      FileAttribute<?>... attributes)
      throws IOException {
    Path path = file.toAbsolutePath().normalize();
    boolean there = Files.exists(local(path), LinkOption.NOFOLLOW_LINKS);
    Path parent = path.getParent();
    Path real =
        there || parent == null
            ? real(path)
            : real(parent).resolve(path.getName(path.getNameCount() - 1).toString());
    Set<OpenOption> all = new HashSet<>(options);
    all.add(LinkOption.NOFOLLOW_LINKS);
    // As the protocol has it: they are for a new file.
    FileAttribute<?>[] given = there ? new FileAttribute<?>[0] : attributes;
    Path below = real.equals(root) ? Path.of(".") : root.relativize(real);
    @SuppressWarnings("StreamResourceLeak") // Each is closed once the next is open.
    DirectoryStream<Path> folder = Files.newDirectoryStream(root);
    try {
      for (int i = 0; i < below.getNameCount() - 1; i++) {
        if (folder instanceof SecureDirectoryStream<Path> secure) {
          folder = secure.newDirectoryStream(below.getName(i), LinkOption.NOFOLLOW_LINKS);
          secure.close();
        }
      }
      return folder instanceof SecureDirectoryStream<Path> secure
          ? open(secure, below.getName(below.getNameCount() - 1), handle, all, given)
          : Files.newByteChannel(real, all, given);
    } finally {
      folder.close();
    }
  }

  private static SeekableByteChannel open(
      SecureDirectoryStream<Path> folder,
      Path name,
      @Nullable FileHandle handle,
      Set<OpenOption> options,
      FileAttribute<?>[] attributes)
      throws IOException {
    SeekableByteChannel opened = folder.newByteChannel(name, options, attributes);
    try {
      if (handle != null) {
        Object key =
            folder
                .getFileAttributeView(name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                .readAttributes()
                .fileKey();
        if (key != null) {
          handle.setAttribute(KEY, key);
        }
      }
      return opened;
    } catch (IOException e) {
      opened.close();
      throw e;
    }
  }
}
