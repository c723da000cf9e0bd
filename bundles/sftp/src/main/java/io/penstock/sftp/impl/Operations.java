// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The operations of requests on files, by paths as the client knows them. For one thread at a time.
 */
final class Operations {
  /** How often another program may make or remove the file while it is opened. */
  private static final int ATTEMPTS = 8;

  private final Enclosure enclosure;

  Operations(Enclosure enclosure) {
    this.enclosure = enclosure;
  }

  private static AccessDeniedException special() {
    return new AccessDeniedException("", null, "only regular files and folders are opened");
  }

  // ---- looking

  Map<String, Object> attributes(String path, boolean follow) throws IOException {
    try (Enclosure.Spot spot = enclosure.find(path, follow || path.endsWith("/"))) {
      return spot.isFolder()
          ? Attributes.of(spot.folder().path())
          : Attributes.of(spot.named(), LinkOption.NOFOLLOW_LINKS);
    }
  }

  /** The path without links; the last name need not be there. */
  String realPath(String path) throws IOException {
    try (Enclosure.Spot spot = enclosure.find(path.isEmpty() ? "." : path, true)) {
      return spot.path();
    }
  }

  String linkTarget(String path) throws IOException {
    try (Enclosure.Spot spot = enclosure.find(path, path.endsWith("/"))) {
      if (spot.isFolder()) {
        throw new NotLinkException(path);
      }
      return enclosure.target(spot);
    }
  }

  OpenHandle openFolder(String path) throws IOException {
    try (Enclosure.Spot spot = enclosure.find(path, true)) {
      if (!spot.isFolder()) {
        throw spot.kind() == Folder.Kind.NONE
            ? new NoSuchFileException(path)
            : new NotDirectoryException(path);
      }
      return new OpenHandle.OfFolder(spot.open());
    }
  }

  // ---- opening

  OpenHandle openFile(String path, int flags, Attributes ofNew) throws IOException {
    boolean create = (flags & Protocol.TO_CREATE) != 0;
    if (create && path.endsWith("/")) {
      enclosure.find(path, false).close();
      throw new FileSystemException("", null, "Is a directory");
    }
    boolean createNew = create && (flags & Protocol.TO_CREATE_NEW) != 0;
    for (int i = 0; i < ATTEMPTS; i++) {
      try (Enclosure.Spot spot = enclosure.find(path, !createNew)) {
        switch (spot.kind()) {
          case NONE -> {
            if (!create) {
              throw new NoSuchFileException(path);
            }
            OpenHandle made = make(spot, flags, ofNew);
            if (made != null) {
              return made;
            }
            if (createNew) {
              throw new FileAlreadyExistsException(path);
            }
          }
          case FILE -> {
            if (createNew) {
              throw new FileAlreadyExistsException(path);
            }
            OpenHandle opened = open(spot, flags);
            if (opened != null) {
              return opened;
            }
          }
          default -> {
            if (createNew) {
              throw new FileAlreadyExistsException(path);
            }
            throw spot.isFolder() ? new FileSystemException("", null, "Is a directory") : special();
          }
        }
      }
    }
    throw new FileSystemException("", null, "others make and remove it all the time");
  }

  private static Set<OpenOption> options(int flags) {
    Set<OpenOption> options = new HashSet<>();
    boolean write = (flags & Protocol.TO_WRITE) != 0;
    boolean read = !write || (flags & Protocol.TO_READ) != 0;
    if (read) {
      options.add(StandardOpenOption.READ);
    }
    if (write) {
      // The JDK does not open to read and to append at a time.
      boolean append = (flags & Protocol.TO_APPEND) != 0 && !read;
      options.add(append ? StandardOpenOption.APPEND : StandardOpenOption.WRITE);
    }
    return options;
  }

  /**
   * The JDK makes and empties files only to write them. A handle that is not for writing reads, as
   * {@link OpenHandle.OfFile} has it.
   */
  private static Set<OpenOption> writing(int flags) {
    boolean write = (flags & Protocol.TO_WRITE) != 0;
    return options(write ? flags : flags | Protocol.TO_READ | Protocol.TO_WRITE);
  }

  /** Returns null if another program has made a file there. */
  private static @Nullable OpenHandle make(Enclosure.Spot spot, int flags, Attributes ofNew)
      throws IOException {
    Set<OpenOption> options = writing(flags);
    options.add(StandardOpenOption.CREATE_NEW);
    options.add(LinkOption.NOFOLLOW_LINKS);
    try {
      return new OpenHandle.OfFile(FileChannel.open(spot.named(), options, ofNew.ofNew()), flags);
    } catch (FileAlreadyExistsException e) {
      return null;
    }
  }

  /** Returns null if it is gone, or another, by now. */
  private static @Nullable OpenHandle open(Enclosure.Spot spot, int flags) throws IOException {
    try (Folder.Item item = spot.item()) {
      boolean truncate = (flags & Protocol.TO_TRUNCATE) != 0;
      if (spot.folder().holdsItems()
          && !Attributes.areOfFile(Attributes.of(item.path(), item.options()))) {
        return null;
      }
      Set<OpenOption> options = truncate ? writing(flags) : options(flags);
      options.addAll(List.of(item.options()));
      if (truncate && !options.contains(StandardOpenOption.APPEND)) {
        options.add(StandardOpenOption.TRUNCATE_EXISTING);
      }
      FileChannel channel = FileChannel.open(item.path(), options);
      OpenHandle.OfFile opened = new OpenHandle.OfFile(channel, flags);
      boolean kept = false;
      try {
        if (!spot.folder().holdsItems() && !Attributes.areOfFile(Attributes.of(opened.path()))) {
          throw special();
        }
        if (truncate) {
          channel.truncate(0);
        }
        kept = true;
        return opened;
      } finally {
        if (!kept) {
          opened.close();
        }
      }
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  // ---- changing

  void change(String path, Attributes wanted) throws IOException {
    try (Enclosure.Spot spot = enclosure.find(path, true)) {
      switch (spot.kind()) {
        case NONE -> throw new NoSuchFileException(path);
        case FILE, FOLDER -> {
          try (Folder.Item item = spot.item()) {
            wanted.give(item.path(), item.options());
          }
        }
        default -> throw special();
      }
    }
  }

  void delete(String path, boolean folder) throws IOException {
    try (Enclosure.Spot spot = enclosure.find(path, false)) {
      if (spot.isFolder()) {
        throw new FileSystemException("", null, folder ? "Invalid argument" : "Is a directory");
      }
      switch (spot.kind()) {
        case NONE -> throw new NoSuchFileException(path);
        case FOLDER -> {
          if (!folder) {
            throw new FileSystemException("", null, "Is a directory");
          }
        }
        default -> {
          if (folder || !spot.isFor(Folder.Kind.FILE)) {
            throw new NotDirectoryException(path);
          }
        }
      }
      Files.delete(spot.named());
    }
  }

  void makeFolder(String path, Attributes ofNew) throws IOException {
    try (Enclosure.Spot spot = enclosure.find(path, false)) {
      Files.createDirectory(free(spot), ofNew.ofNew());
    }
  }

  void rename(String from, String to, boolean replace) throws IOException {
    try (Enclosure.Spot old = enclosure.find(from, false);
        Enclosure.Spot fresh = enclosure.find(to, false)) {
      checkThere(from, old, fresh, replace);
      enclosure.checkMove(from, old, fresh);
      Path source = old.named();
      Path target = fresh.named();
      if (!replace && isMovedByLink(old, source, target)) {
        return;
      }
      if (!replace && fresh.kind() != Folder.Kind.NONE) {
        throw new FileAlreadyExistsException(to);
      }
      Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** A second name that replaces nothing, and then the first taken away, is the safest. */
  private static boolean isMovedByLink(Enclosure.Spot old, Path source, Path target)
      throws IOException {
    if (old.kind() != Folder.Kind.FILE) {
      return false;
    }
    try {
      Files.createLink(target, source);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (FileSystemException | UnsupportedOperationException e) {
      // Not every file system has hard links, and not every user may make them. Renaming works
      // instead, or reports the problem better.
      return false;
    }
    dropFirstName(source, target);
    return true;
  }

  /**
   * Takes away the first of the two names that a file has by now; if that fails, the second, unless
   * it is the last one.
   */
  static void dropFirstName(Path source, Path target) throws IOException {
    try {
      Files.delete(source);
    } catch (IOException e) {
      if (isLastName(target)) {
        if (e instanceof NoSuchFileException) {
          // Another program has taken the first one away, or a file server has done so unheard.
          return;
        }
        throw e;
      }
      try {
        Files.delete(target);
      } catch (IOException stuck) {
        e.addSuppressed(stuck);
      }
      throw e;
    }
  }

  /** Whether a file would be lost with this name. */
  private static boolean isLastName(Path target) {
    if (!Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try {
      Object names = Files.getAttribute(target, "unix:nlink", LinkOption.NOFOLLOW_LINKS);
      return names instanceof Number number && number.longValue() < 2;
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      // Nothing tells: two names are better than none.
      return true;
    }
  }

  /** Checks that there is something, and that slashes are behind the names of folders only. */
  private static void checkThere(
      String path, Enclosure.Spot old, Enclosure.Spot fresh, boolean replace) throws IOException {
    Folder.Kind kind = old.kind();
    Folder.Kind present = fresh.kind();
    if (kind == Folder.Kind.NONE) {
      throw new NoSuchFileException(path);
    }
    boolean asTheOld = present == Folder.Kind.NONE || replace;
    boolean fits = fresh.isFor(asTheOld ? kind : present);
    if (!old.isFor(kind) || !fits) {
      throw new NotDirectoryException(path);
    }
  }

  /** For a new name, which what has dots for a name is not. */
  private static Path free(Enclosure.Spot spot) throws IOException {
    if (spot.isFolder()) {
      throw new FileAlreadyExistsException("");
    }
    return spot.named();
  }

  void hardLink(String existing, String link) throws IOException {
    try (Enclosure.Spot old = enclosure.find(existing, false);
        Enclosure.Spot fresh = enclosure.find(link, false)) {
      checkThere(existing, old, fresh, false);
      enclosure.checkMove(existing, old, fresh);
      Path target = free(fresh);
      if (old.kind() == Folder.Kind.FOLDER && fresh.kind() == Folder.Kind.NONE) {
        throw new AccessDeniedException(existing, null, "a folder has one name");
      }
      Files.createLink(target, old.named());
    }
  }

  void symbolicLink(String target, String link) throws IOException {
    Path text = enclosure.target(target);
    try (Enclosure.Spot fresh = enclosure.find(link, false)) {
      Path name = free(fresh);
      if (!fresh.isFor(Folder.Kind.LINK)) {
        throw fresh.kind() == Folder.Kind.NONE
            ? new NoSuchFileException(link)
            : new FileAlreadyExistsException(link);
      }
      Files.createSymbolicLink(name, text);
    }
  }
}
