// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.spi.Messages;
import java.io.Closeable;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * The server: one request after the other, for the files below one folder. Not safe for use by
 * several threads at once.
 */
final class Subsystem {
  private static final Logger LOG = Messages.log("sftp");

  /** How much is read or written at a time; with its header it is within our longest message. */
  private static final int MAX_DATA = Requests.LONGEST - 1024;

  private static final int MAX_HANDLES = 1000;
  private static final int MAX_NAMES = 100;
  private static final int ENOUGH_NAMES = 64 * 1024;

  private static final String RENAME = "posix-rename@openssh.com";
  private static final String HARD_LINK = "hardlink@openssh.com";
  private static final String SYNC = "fsync@openssh.com";
  private static final String LIMITS = "limits@openssh.com";
  private static final List<String> EXTENSIONS = List.of(RENAME, HARD_LINK, SYNC, LIMITS);

  /** Requests that do nothing to any file, beside opening it to read, and extensions. */
  private static final Set<Integer> READING =
      Set.of(
          Protocol.CLOSE,
          Protocol.READ,
          Protocol.LSTAT,
          Protocol.FSTAT,
          Protocol.OPENDIR,
          Protocol.READDIR,
          Protocol.REALPATH,
          Protocol.STAT,
          Protocol.READLINK);

  /** Where in an answer the count of its names is. */
  private static final int COUNT_AT = Integer.BYTES + 1 + Integer.BYTES;

  private final String name;
  private final Enclosure enclosure;
  private final Operations files;
  private final boolean readOnly;
  private final Consumer<ByteBuffer> replies;
  private final Map<Integer, OpenHandle> handles = new TreeMap<>();
  private final Attributes.Owners owners = new Attributes.Owners();
  private int lastHandle;
  private boolean begun;

  /**
   * A server for one client.
   *
   * @param name of the channel, for the log
   * @param enclosure the client's, closed by {@link #finish()}
   * @param readOnly whether nothing may be changed
   * @param replies gets each answer
   */
  Subsystem(String name, Enclosure enclosure, boolean readOnly, Consumer<ByteBuffer> replies) {
    this.name = name;
    this.enclosure = enclosure;
    this.files = new Operations(enclosure);
    this.readOnly = readOnly;
    this.replies = replies;
  }

  /** A refusal with a code of its own. */
  private static final class Refused extends IOException {
    private static final long serialVersionUID = 1L;
    private final int code;

    Refused(int code, String text) {
      super(text);
      this.code = code;
    }
  }

  /**
   * Serves one request.
   *
   * @param request with its length in front
   * @throws IOException if nothing further can be served
   */
  void handle(byte[] request) throws IOException {
    Incoming in = new Incoming(request);
    int type = in.octet();
    if (type == Protocol.INIT) {
      begin();
      return;
    }
    if (!begun) {
      throw new IOException(name + ": request " + type + " came before INIT");
    }
    int id = in.number();
    try {
      replies.accept(answer(type, id, in).whole());
    } catch (BufferUnderflowException e) {
      throw e;
    } catch (DirectoryIteratorException e) {
      refuse(id, Objects.requireNonNull(e.getCause(), "the cause"));
    } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
      refuse(id, e);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      // The JDK does not declare what it throws when a folder's close fails.
      refuse(id, e);
    }
  }

  private void begin() {
    begun = true;
    Outgoing version = new Outgoing(Protocol.VERSION).number(Protocol.VERSION_NUMBER);
    for (String each : EXTENSIONS) {
      version.text(each).text("1");
    }
    replies.accept(version.whole());
  }

  private Outgoing answer(int type, int id, Incoming in) throws IOException {
    if (readOnly && !READING.contains(type) && type != Protocol.OPEN && type != Protocol.EXTENDED) {
      throw nothingMayBeChanged();
    }
    return switch (type) {
      case Protocol.OPEN -> open(id, in.text(), in.number(), new Attributes(in));
      case Protocol.READ -> read(id, file(in), in.big(), in.unsigned());
      case Protocol.LSTAT -> attributes(id, files.attributes(in.text(), false));
      case Protocol.STAT -> attributes(id, files.attributes(in.text(), true));
      case Protocol.FSTAT -> attributes(id, Attributes.of(opened(in).path()));
      case Protocol.OPENDIR -> {
        checkRoom();
        yield keep(id, files.openFolder(in.text()));
      }
      case Protocol.READDIR -> list(id, opened(in));
      case Protocol.REALPATH -> oneName(id, files.realPath(in.text()));
      case Protocol.READLINK -> oneName(id, files.linkTarget(in.text()));
      case Protocol.EXTENDED -> extended(id, in);
      default -> {
        doIt(type, in);
        yield done(id);
      }
    };
  }

  private void doIt(int type, Incoming in) throws IOException {
    switch (type) {
      case Protocol.CLOSE -> {
        int handle = handle(in);
        OpenHandle opened = opened(handle);
        // Removed first: a close that fails has closed the file all the same.
        handles.remove(handle);
        opened.close();
      }
      case Protocol.WRITE -> {
        OpenHandle.OfFile file = file(in);
        long offset = in.big();
        file.write(in.data(), offset);
      }
      case Protocol.SETSTAT -> files.change(in.text(), new Attributes(in));
      case Protocol.FSETSTAT -> {
        OpenHandle opened = opened(in);
        new Attributes(in).giveOpened(opened);
      }
      case Protocol.REMOVE -> files.delete(in.text(), false);
      case Protocol.RMDIR -> files.delete(in.text(), true);
      case Protocol.MKDIR -> files.makeFolder(in.text(), new Attributes(in));
      case Protocol.RENAME -> files.rename(in.text(), in.text(), false);
      case Protocol.SYMLINK -> files.symbolicLink(in.text(), in.text());
      default -> throw new Refused(Protocol.OP_UNSUPPORTED, "there is no request " + type);
    }
  }

  private Outgoing extended(int id, Incoming in) throws IOException {
    String extension = in.text();
    if (!EXTENSIONS.contains(extension)) {
      throw new Refused(Protocol.OP_UNSUPPORTED, "there is no extension of that name");
    }
    if (extension.equals(LIMITS)) {
      return new Outgoing(Protocol.EXTENDED_REPLY, id)
          .big(Requests.LONGEST)
          .big(MAX_DATA)
          .big(MAX_DATA)
          .big(MAX_HANDLES);
    }
    if (readOnly) {
      throw nothingMayBeChanged();
    }
    switch (extension) {
      case RENAME -> files.rename(in.text(), in.text(), true);
      case HARD_LINK -> files.hardLink(in.text(), in.text());
      default -> {
        if (!(opened(in) instanceof OpenHandle.OfFile file)) {
          throw new Refused(Protocol.NO_SUCH_FILE, "the handle is of a folder");
        }
        file.sync();
      }
    }
    return done(id);
  }

  private static AccessDeniedException nothingMayBeChanged() {
    return new AccessDeniedException("", null, "nothing may be changed here");
  }

  private static Outgoing done(int id) {
    return status(id, Protocol.OK, "done");
  }

  private static Outgoing status(int id, int code, String text) {
    return new Outgoing(Protocol.STATUS, id).number(code).text(text).text("");
  }

  // ---- handles

  private int handle(Incoming in) throws IOException {
    ByteBuffer given = in.data();
    return given.remaining() == Integer.BYTES ? given.getInt() : 0;
  }

  private OpenHandle opened(int handle) throws IOException {
    OpenHandle found = handles.get(handle);
    if (found == null) {
      throw new Refused(Protocol.FAILURE, "there is no such handle");
    }
    return found;
  }

  private OpenHandle opened(Incoming in) throws IOException {
    return opened(handle(in));
  }

  private OpenHandle.OfFile file(Incoming in) throws IOException {
    if (opened(in) instanceof OpenHandle.OfFile file) {
      return file;
    }
    throw new Refused(Protocol.FAILURE, "the handle is of a folder");
  }

  private Outgoing keep(int id, OpenHandle opened) {
    do {
      lastHandle++;
    } while (lastHandle == 0 || handles.containsKey(lastHandle));
    handles.put(lastHandle, opened);
    return new Outgoing(Protocol.HANDLE, id)
        .data(ByteBuffer.allocate(Integer.BYTES).putInt(lastHandle).array());
  }

  private void checkRoom() throws IOException {
    if (handles.size() >= MAX_HANDLES) {
      throw new Refused(Protocol.FAILURE, "more than " + MAX_HANDLES + " handles are open");
    }
  }

  private Outgoing open(int id, String path, int flags, Attributes ofNew) throws IOException {
    if (readOnly && flags != Protocol.TO_READ) {
      throw nothingMayBeChanged();
    }
    checkRoom();
    return keep(id, files.openFile(path, flags, ofNew));
  }

  private static Outgoing read(int id, OpenHandle.OfFile file, long offset, long length)
      throws IOException {
    ByteBuffer data = ByteBuffer.allocate((int) Math.min(length, MAX_DATA));
    int n = file.read(data, offset);
    return n == 0 && length > 0
        ? status(id, Protocol.EOF, "end of the file")
        : new Outgoing(Protocol.DATA, id).data(data.flip());
  }

  // ---- what is told

  private static Outgoing attributes(int id, Map<String, Object> found) {
    Outgoing answer = new Outgoing(Protocol.ATTRS, id);
    Attributes.put(found, answer);
    return answer;
  }

  private static Outgoing oneName(int id, String text) {
    // The attributes are empty: a client that wants them asks for them.
    return new Outgoing(Protocol.NAME, id).number(1).text(text).text(text).number(0);
  }

  private Outgoing list(int id, OpenHandle opened) throws IOException {
    if (!(opened instanceof OpenHandle.OfFolder folder)) {
      throw new Refused(Protocol.FAILURE, "the handle is of a file");
    }
    Outgoing names = new Outgoing(Protocol.NAME, id).number(0);
    int count = 0;
    if (folder.begins() && !Attributes.areOfRemoved(Attributes.of(folder.path()))) {
      // Of anything above the folder only its name is shown.
      add(names, ".", folder.path());
      add(names, "..", folder.path());
      count = 2;
    }
    Iterator<Path> rest = folder.names();
    while (count < MAX_NAMES && names.length() < ENOUGH_NAMES && rest.hasNext()) {
      Path each = rest.next().getFileName();
      try {
        add(names, each.toString(), folder.path().resolve(each), LinkOption.NOFOLLOW_LINKS);
        count++;
      } catch (IOException e) {
        // It has gone, or its file system does not answer: the others are listed.
        LOG.log(Level.TRACE, "{0}: a name of a folder cannot be looked at", name, e);
      }
    }
    return count == 0
        ? status(id, Protocol.EOF, "end of the folder")
        : names.number(COUNT_AT, count);
  }

  private void add(Outgoing names, String text, Path path, LinkOption... options)
      throws IOException {
    Map<String, Object> found = Attributes.of(path, options);
    String line =
        Attributes.line(
            text, found, owners.user(found, path, options), owners.group(found, path, options));
    Attributes.put(found, names.text(text).text(line));
  }

  // ---- what is refused

  /** A client may see the reasons of the system, but not its paths. */
  private void refuse(int id, Exception failure) {
    String reason = failure instanceof FileSystemException of ? of.getReason() : null;
    if (failure instanceof Refused) {
      reason = failure.getMessage();
    }
    int code = code(failure, reason == null ? "" : reason);
    replies.accept(status(id, code, reason == null ? text(code) : reason).whole());
  }

  /** As OpenSSH has it. */
  private static int code(Exception failure, String reason) {
    if (failure instanceof Refused refused) {
      return refused.code;
    }
    if (failure instanceof NoSuchFileException
        || failure instanceof NotDirectoryException
        || failure instanceof FileSystemLoopException) {
      return Protocol.NO_SUCH_FILE;
    }
    if (failure instanceof AccessDeniedException) {
      return Protocol.PERMISSION_DENIED;
    }
    if (failure instanceof IllegalArgumentException || failure instanceof NotLinkException) {
      return Protocol.BAD_MESSAGE;
    }
    if (failure instanceof UnsupportedOperationException) {
      return Protocol.OP_UNSUPPORTED;
    }
    return switch (reason) {
      case "Not a directory", "Bad file descriptor" -> Protocol.NO_SUCH_FILE;
      case "Operation not permitted" -> Protocol.PERMISSION_DENIED;
      case "Invalid argument", "File name too long" -> Protocol.BAD_MESSAGE;
      default -> Protocol.FAILURE;
    };
  }

  private static String text(int code) {
    return switch (code) {
      case Protocol.NO_SUCH_FILE -> "there is no such file";
      case Protocol.PERMISSION_DENIED -> "the system does not allow it";
      case Protocol.BAD_MESSAGE -> "it is no name of a file";
      default -> "it failed";
    };
  }

  /** Closes what the client has left open, and the folder. */
  void finish() {
    List<Closeable> all = new ArrayList<>(handles.values());
    handles.clear();
    all.add(enclosure);
    for (Closeable each : all) {
      try {
        each.close();
      } catch (Exception e) {
        // Any exception: the JDK does not declare all of them, and the other handles have to be
        // closed, too.
        LOG.log(Level.WARNING, "{0}: closing a file failed", name, e);
      }
    }
  }
}
