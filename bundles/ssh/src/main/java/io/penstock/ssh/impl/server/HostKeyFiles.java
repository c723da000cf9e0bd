// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.server;

import io.penstock.spi.Messages;
import io.penstock.ssh.impl.Fingerprint;
import io.penstock.ssh.impl.Secret;
import io.penstock.ssh.impl.StrictModes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StreamCorruptedException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.sshd.common.config.keys.FilePasswordProvider;
import org.apache.sshd.common.config.keys.KeyUtils;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyEncryptionContext;
import org.apache.sshd.common.config.keys.writer.openssh.OpenSSHKeyPairResourceWriter;
import org.apache.sshd.common.keyprovider.KeyPairProvider;
import org.apache.sshd.common.util.io.resource.PathResource;
import org.apache.sshd.common.util.security.SecurityUtils;
import org.jspecify.annotations.Nullable;

/** Our identity towards clients: private keys from files, made where they are missing. */
final class HostKeyFiles {
  private static final Logger LOG = Messages.log("ssh.server");

  /** A process that finds a file in the making waits until it is whole. */
  private static final ReentrantLock MAKING = new ReentrantLock();

  private HostKeyFiles() {}

  /**
   * Reads them all.
   *
   * @param strict whether a key is refused that others may read
   */
  static List<KeyPair> read(List<Path> files, Optional<Secret> secret, boolean strict)
      throws IOException {
    @Nullable String passphrase = secret.isEmpty() ? null : secret.get().read();
    FilePasswordProvider opening =
        passphrase == null ? FilePasswordProvider.EMPTY : FilePasswordProvider.of(passphrase);
    List<KeyPair> pairs = new ArrayList<>();
    for (Path file : files) {
      makeIfMissing(file, passphrase);
      if (strict) {
        requirePrivate(file);
      }
      int before = pairs.size();
      try (InputStream bytes = Files.newInputStream(file)) {
        Iterable<KeyPair> found =
            SecurityUtils.loadKeyPairIdentities(null, new PathResource(file), bytes, opening);
        if (found != null) {
          found.forEach(pairs::add);
        }
      } catch (StreamCorruptedException | GeneralSecurityException | RuntimeException e) {
        throw new IOException(
            "hostkey: "
                + file
                + " cannot be used: "
                + secret
                    .map(given -> given + " does not fit, or the file is damaged")
                    .orElse("it is encrypted, so a passphrase is needed, or the file is damaged"),
            e);
      } catch (IOException e) {
        throw new IOException("hostkey: " + file + " cannot be used: " + Secret.reason(e), e);
      }
      if (pairs.size() == before) {
        throw new IOException(
            "hostkey: " + file + " has no private key; expected one in OpenSSH's or PEM form");
      }
    }
    return pairs;
  }

  private static void makeIfMissing(Path file, @Nullable String passphrase) throws IOException {
    MAKING.lock();
    try {
      if (Files.notExists(file)) {
        make(file, passphrase);
      }
    } finally {
      MAKING.unlock();
    }
  }

  private static void requirePrivate(Path file) throws IOException {
    try {
      StrictModes.requirePrivate(file);
    } catch (IOException e) {
      throw new IOException("hostkey: " + file + " cannot be used: " + Secret.reason(e), e);
    }
  }

  /** Makes one, unless another process does. */
  static void make(Path file, @Nullable String passphrase) throws IOException {
    try {
      KeyPair pair = KeyUtils.generateKeyPair(KeyPairProvider.SSH_ED25519, 256);
      ByteArrayOutputStream text = new ByteArrayOutputStream();
      OpenSSHKeyPairResourceWriter.INSTANCE.writePrivateKey(
          pair, "penstock", encryption(passphrase), text);
      publish(text.toByteArray(), file);
      LOG.log(Level.INFO, "{0}: made a host key, {1}", file, Fingerprint.of(pair.getPublic()));
    } catch (FileAlreadyExistsException e) {
      LOG.log(Level.DEBUG, "{0} was made by somebody else meanwhile", file);
    } catch (NoSuchFileException e) {
      throw new IOException(
          "hostkey: "
              + file
              + " cannot be made: expected the folder "
              + file.toAbsolutePath().getParent()
              + " to be there",
          e);
    } catch (IOException e) {
      throw new IOException("hostkey: " + file + " cannot be made: " + Secret.reason(e), e);
    } catch (GeneralSecurityException e) {
      throw new IOException("hostkey: " + file + " cannot be made: " + e.getMessage(), e);
    }
  }

  /**
   * Gives a file its name when it is whole and on the disk: a process that finds it can use it, and
   * the remains of a failed start are not a key.
   *
   * @throws FileAlreadyExistsException if another process was faster, whose key it then is
   */
  private static void publish(byte[] text, Path file) throws IOException {
    Path beside =
        file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID() + ".penstock");
    boolean posix = file.getFileSystem().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] ours =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    try {
      try (FileChannel out =
          FileChannel.open(
              beside, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), ours)) {
        ByteBuffer bytes = ByteBuffer.wrap(text);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      name(beside, file);
    } finally {
      Files.deleteIfExists(beside);
    }
    sync(file.resolveSibling("."));
  }

  /** Unlike a rename a link replaces nothing; where the file system has none, a rename must do. */
  private static void name(Path beside, Path file) throws IOException {
    try {
      Files.createLink(file, beside);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      LOG.log(Level.DEBUG, file + " cannot be linked, so it is renamed", e);
      Files.move(beside, file);
    }
  }

  /** So that the name is on the disk, too, where the system opens folders. */
  private static void sync(Path folder) {
    try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
      names.force(true);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, folder + " cannot be written to the disk by itself", e);
    }
  }

  private static @Nullable OpenSSHKeyEncryptionContext encryption(@Nullable String passphrase) {
    if (passphrase == null) {
      return null;
    }
    OpenSSHKeyEncryptionContext encryption = new OpenSSHKeyEncryptionContext();
    encryption.setPassword(passphrase);
    encryption.setCipherType("256");
    return encryption;
  }
}
