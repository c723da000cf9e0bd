// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.CopyOption;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.sshd.common.file.root.RootedFileSystemProvider;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.BufferUtils;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.common.util.io.IoUtils;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.sftp.client.extensions.openssh.OpenSSHLimitsExtensionInfo;
import org.apache.sshd.sftp.common.SftpConstants;
import org.apache.sshd.sftp.server.DirectoryHandle;
import org.apache.sshd.sftp.server.FileHandle;
import org.apache.sshd.sftp.server.Handle;
import org.apache.sshd.sftp.server.SftpSubsystem;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;
import org.jspecify.annotations.Nullable;

/**
 * The library's server without its thread and its queue: one request after the other, for the files
 * below one folder. Not safe for use by several threads at once.
 */
final class Subsystem extends SftpSubsystem {
  private static final int MOST_HANDLES = 1000;

  private static final String RENAME = "posix-rename@openssh.com";
  private static final String LIMITS = "limits@openssh.com";
  private static final Set<String> EXTENSIONS =
      Set.of(RENAME, LIMITS, "fsync@openssh.com", "hardlink@openssh.com");

  /** Requests that do nothing to any file, beside opening it to read, and extensions. */
  private static final Set<Integer> READING =
      Set.of(
          SftpConstants.SSH_FXP_INIT,
          SftpConstants.SSH_FXP_CLOSE,
          SftpConstants.SSH_FXP_READ,
          SftpConstants.SSH_FXP_LSTAT,
          SftpConstants.SSH_FXP_FSTAT,
          SftpConstants.SSH_FXP_OPENDIR,
          SftpConstants.SSH_FXP_READDIR,
          SftpConstants.SSH_FXP_REALPATH,
          SftpConstants.SSH_FXP_STAT,
          SftpConstants.SSH_FXP_READLINK);

  /** Requests that are about a symbolic link itself, where their path ends in one. */
  private static final Set<Integer> OF_LINKS =
      Set.of(
          SftpConstants.SSH_FXP_LSTAT,
          SftpConstants.SSH_FXP_REMOVE,
          SftpConstants.SSH_FXP_RENAME,
          SftpConstants.SSH_FXP_READLINK,
          SftpConstants.SSH_FXP_SYMLINK);

  private final Enclosure enclosure;
  private final boolean readOnly;
  private final Consumer<ByteBuffer> replies;
  private int type;

  private Subsystem(
      Enclosure enclosure,
      boolean readOnly,
      Consumer<ByteBuffer> replies,
      SftpSubsystemFactory defaults) {
    super(new Standin(), defaults);
    this.enclosure = enclosure;
    this.readOnly = readOnly;
    this.replies = replies;
  }

  /**
   * A server for one client.
   *
   * @param root the real path of the folder, in which the client is enclosed
   * @param readOnly whether nothing may be changed
   * @param replies gets each answer
   */
  static Subsystem of(Path root, boolean readOnly, Consumer<ByteBuffer> replies)
      throws IOException {
    Enclosure enclosure = new Enclosure(root);
    SftpSubsystemFactory defaults =
        new SftpSubsystemFactory.Builder().withFileSystemAccessor(enclosure).build();
    Subsystem made = new Subsystem(enclosure, readOnly, replies, defaults);
    // One of its own, so that clients share nothing.
    made.setFileSystem(new RootedFileSystemProvider().newFileSystem(root, Map.of()));
    return made;
  }

  /** Called while the library makes it: without a session there is nothing to ask. */
  @Override
  protected void initializeSessionRelatedMember(ServerSession session, ChannelSession channel) {
    maxHandleCount = MOST_HANDLES;
    unusedHandles = new ArrayDeque<>();
  }

  /**
   * Serves one request.
   *
   * @param request with its length in front
   * @throws IOException if nothing further can be served
   */
  void handle(byte[] request) throws IOException {
    Buffer buffer = new ByteArrayBuffer(request);
    Buffer look = new ByteArrayBuffer(request);
    long unused = look.getUInt();
    type = look.getUByte();
    int id = look.getInt();
    boolean extended = type == SftpConstants.SSH_FXP_EXTENDED;
    String extension = extended ? look.getString() : "";
    if (extended && !EXTENSIONS.contains(extension)) {
      refuse(id, SftpConstants.SSH_FX_OP_UNSUPPORTED, "there is no extension " + extension);
    } else if (readOnly && !reads(extension, look)) {
      refuse(id, SftpConstants.SSH_FX_PERMISSION_DENIED, "nothing may be changed here");
    } else {
      process(buffer);
    }
  }

  private boolean reads(String extension, Buffer rest) {
    if (type == SftpConstants.SSH_FXP_OPEN) {
      Object unused = rest.getString();
      return rest.getInt() == SftpConstants.SSH_FXF_READ;
    }
    return extension.equals(LIMITS) || READING.contains(type);
  }

  private void refuse(int id, int code, String text) throws IOException {
    sendStatus(prepareReply(new ByteArrayBuffer()), id, code, text);
  }

  /** Closes what the client has left open. */
  void finish() {
    closeAllHandles();
    destroy(getServerChannelSession());
  }

  // ---- what the library asks

  @Override
  protected void send(Buffer buffer) {
    BufferUtils.updateLengthPlaceholder(buffer, 0);
    replies.accept(ByteBuffer.wrap(buffer.getCompactData()));
  }

  @Override
  protected void appendExtensions(Buffer buffer, String versions) {
    for (String each : EXTENSIONS) {
      buffer.putString(each);
      buffer.putString("1");
    }
  }

  @Override
  protected OpenSSHLimitsExtensionInfo getOpenSSHLimitsExtensionInfo(
      int id, ChannelSession channel) {
    OpenSSHLimitsExtensionInfo limits = new OpenSSHLimitsExtensionInfo();
    limits.maxPacketLength = Requests.LONGEST;
    limits.maxReadLength = Standin.MOST_DATA;
    limits.maxWriteLength = Standin.MOST_DATA;
    limits.maxOpenHandles = MOST_HANDLES;
    return limits;
  }

  // ---- what keeps clients inside

  @Override
  protected Path resolveFile(String remotePath) throws IOException {
    Path path = super.resolveFile(remotePath).toAbsolutePath().normalize();
    int names = path.getNameCount();
    enclosure.check(path, OF_LINKS.contains(type) ? Math.max(0, names - 1) : names);
    return path;
  }

  @Override
  protected String doOpen(
      int id, String path, int flags, int access, Map<String, Object> attributes)
      throws IOException {
    return known(id, super.doOpen(id, path, flags, access, attributes));
  }

  @Override
  protected String doOpenDir(int id, String path, Path folder, LinkOption... options)
      throws IOException {
    return known(id, super.doOpenDir(id, path, folder, options));
  }

  /** The library goes by the path again, wherever that leads by then; so we know what it led to. */
  private String known(int id, String name) throws IOException {
    Handle handle = validateHandle(name, handles.get(name), Handle.class);
    try {
      Object key = enclosure.key(handle.getFile());
      if (key != null) {
        Object unused = handle.computeAttributeIfAbsent(Enclosure.KEY, absent -> key);
      }
      return name;
    } catch (IOException e) {
      doClose(id, name);
      throw e;
    }
  }

  /** Checks that the path of what was opened still leads there. */
  private void checkStill(Handle handle, @Nullable Object key) throws IOException {
    if (!Objects.equals(handle.getAttribute(Enclosure.KEY), key)) {
      throw new NoSuchFileException(
          handle.getFile().toString(), null, "what was opened is no longer there");
    }
  }

  @Override
  protected Map<String, Object> doFStat(int id, String name, int flags) throws IOException {
    Handle handle = validateHandle(name, handles.get(name), Handle.class);
    checkStill(handle, enclosure.key(handle.getFile()));
    Map<String, Object> found = super.doFStat(id, name, flags);
    // Of the very same look at it.
    checkStill(handle, found.get("fileKey"));
    return found;
  }

  @Override
  protected void doFSetStat(int id, String name, Map<String, ?> attributes) throws IOException {
    Map<String, Object> others = new TreeMap<>(attributes);
    if (others.remove(IoUtils.SIZE_VIEW_ATTR) instanceof Number size) {
      FileHandle file = validateHandle(name, handles.get(name), FileHandle.class);
      Object unused = file.getFileChannel().truncate(size.longValue());
    }
    if (!others.isEmpty()) {
      Handle handle = validateHandle(name, handles.get(name), Handle.class);
      checkStill(handle, enclosure.key(handle.getFile()));
      super.doFSetStat(id, name, others);
    }
  }

  @Override
  protected int doReadDir(
      int id, String name, DirectoryHandle folder, Buffer buffer, int longest, boolean follow)
      throws IOException {
    checkStill(folder, enclosure.key(folder.getFile()));
    return super.doReadDir(id, name, folder, buffer, longest, false);
  }

  @Override
  protected void doRename(int id, String from, String to, Collection<CopyOption> options)
      throws IOException {
    enclosure.checkMove(resolveFile(from), resolveFile(to));
    super.doRename(id, from, to, options);
  }

  @Override
  protected void createLink(int id, String existing, String link, boolean symbolic)
      throws IOException {
    if (!symbolic) {
      enclosure.checkMove(resolveFile(existing), resolveFile(link));
    } else if (Enclosure.goesUp(getDefaultDirectory().getFileSystem().getPath(existing))) {
      throw new AccessDeniedException(
          existing, null, "the target of a link must not go up by '..'; expected one without");
    }
    super.createLink(id, existing, link, symbolic);
  }
}
