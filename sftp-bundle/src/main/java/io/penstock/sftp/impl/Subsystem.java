// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.sshd.common.file.root.RootedFileSystemProvider;
import org.apache.sshd.common.util.buffer.Buffer;
import org.apache.sshd.common.util.buffer.BufferUtils;
import org.apache.sshd.common.util.buffer.ByteArrayBuffer;
import org.apache.sshd.server.channel.ChannelSession;
import org.apache.sshd.server.session.ServerSession;
import org.apache.sshd.sftp.client.extensions.openssh.OpenSSHLimitsExtensionInfo;
import org.apache.sshd.sftp.common.SftpConstants;
import org.apache.sshd.sftp.server.SftpSubsystem;
import org.apache.sshd.sftp.server.SftpSubsystemFactory;

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

  private final Path root;
  private final boolean readOnly;
  private final Consumer<ByteBuffer> replies;
  private int type;

  private Subsystem(
      Path root, boolean readOnly, Consumer<ByteBuffer> replies, SftpSubsystemFactory defaults) {
    super(new Standin(), defaults);
    this.root = root;
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
    Subsystem made =
        new Subsystem(root, readOnly, replies, new SftpSubsystemFactory.Builder().build());
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

  /** The library keeps names below the folder; this does so for where symbolic links lead. */
  @Override
  protected Path resolveFile(String remotePath) throws IOException {
    Path path = super.resolveFile(remotePath).toAbsolutePath().normalize();
    int names = path.getNameCount();
    if (OF_LINKS.contains(type)) {
      names--;
    }
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
      throw new AccessDeniedException(remotePath, null, "leads out of what is served");
    }
    return path;
  }

  @Override
  protected void createLink(int id, String existing, String link, boolean symbolic)
      throws IOException {
    if (!symbolic) {
      Object unused = resolveFile(existing);
    }
    super.createLink(id, existing, link, symbolic);
  }
}
