// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.kind.support;

import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.HandleLimitException;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.Locale;

/** Says in our terms what the system says in its own. */
public final class Failures {
  /** What the system lacks or refuses, in its own words and in the JDK's. */
  private static final List<String> OF_SYSTEM =
      List.of(
          "cannot allocate memory",
          "out of memory",
          "no buffer space",
          "too many open files",
          "too many references",
          "no space left",
          "disk quota",
          "bad file descriptor",
          "bad address",
          "operation not permitted",
          "permission denied");

  /** What the system lacks where it cannot make one more descriptor, in words likewise. */
  private static final List<String> OF_DESCRIPTORS =
      List.of(
          "too many open files",
          "no file descriptors",
          "no buffer space",
          "cannot allocate memory");

  private Failures() {}

  /**
   * Why nobody could be accepted: the type for a want of descriptors, where it was that. The JDK
   * tells of it in words only.
   *
   * @param stream the name, for errors
   */
  public static IOException accepting(String stream, IOException failure) {
    String reason = reason(failure);
    String lower = reason.toLowerCase(Locale.ROOT);
    return OF_DESCRIPTORS.stream().anyMatch(lower::contains)
        ? new HandleLimitException(stream, reason, 0, failure)
        : failure;
  }

  /**
   * Why an address cannot be used.
   *
   * @param address the address as the user gave it
   * @param failure what the system said
   * @return the address type; the type for a peer that cut the connection while it was made; or the
   *     failure with the address in front when neither is to blame
   */
  public static IOException address(String address, IOException failure) {
    if (failure instanceof AddressException) {
      return failure;
    }
    String reason = reason(failure);
    String lower = reason.toLowerCase(Locale.ROOT);
    if (failure instanceof UnknownHostException) {
      if (lower.contains("invalid ipv6")) {
        return new AddressException(Kind.INVALID, address, "it is no IPv6 address", failure);
      }
      return new AddressException(Kind.NOT_FOUND, address, "no such host", failure);
    }
    if (failure instanceof NoSuchFileException || lower.contains("no such file")) {
      return new AddressException(Kind.NOT_FOUND, address, "no such file or directory", failure);
    }
    if (failure instanceof AccessDeniedException
        || lower.contains("permission denied")
        || lower.contains("operation not permitted")) {
      return new AddressException(Kind.ACCESS, address, "permission denied", failure);
    }
    if (failure instanceof NotDirectoryException || lower.contains("not a directory")) {
      return new AddressException(Kind.NOT_FOUND, address, reason, failure);
    }
    if (lower.contains("in use")) {
      return new AddressException(Kind.IN_USE, address, reason, failure);
    }
    if (lower.contains("too long")) {
      return new AddressException(Kind.NAME_TOO_LONG, address, reason, failure);
    }
    if (lower.contains("refused")) {
      return new AddressException(Kind.REFUSED, address, reason, failure);
    }
    if (failure instanceof BindException) {
      return new AddressException(Kind.INVALID, address, reason, failure);
    }
    if (lower.contains("unreachable") || lower.contains("no route")) {
      return new AddressException(Kind.NOT_FOUND, address, reason, failure);
    }
    if (failure instanceof ConnectException) {
      return new AddressException(Kind.NOT_CONNECTED, address, reason, failure);
    }
    if (lower.contains("connection reset")) {
      return cut(address, failure);
    }
    return new IOException(address + ": " + reason, failure);
  }

  /** The system's words for a failure, never empty. */
  public static String reason(IOException failure) {
    String reason =
        failure instanceof FileSystemException file && file.getReason() != null
            ? file.getReason()
            : failure.getMessage();
    return reason == null || reason.isBlank() ? failure.getClass().getSimpleName() : reason;
  }

  /**
   * Why a connection cannot be read any more: the peer has cut it, unless it is the system that has
   * failed.
   *
   * @param stream the name of the channel
   * @param failure what the system said, which is the cause of what is returned
   */
  public static IOException cut(String stream, IOException failure) {
    String reason = reason(failure);
    return isOfSystem(reason)
        ? ofSystem(stream, failure)
        : because(
            failure,
            new ConnectionResetException(stream, "the peer cut the connection: " + reason, 0));
  }

  /** Why a descriptor, of which it is not known what it is, cannot be read any more. */
  public static IOException unreadable(String stream, IOException failure) {
    return because(
        failure,
        new ConnectionResetException(stream, "it cannot be read any more: " + reason(failure), 0));
  }

  /**
   * Why nothing can be written any more: nobody reads, unless it is the system that has failed.
   *
   * @param stream the name of the channel
   * @param complaint names the peer that does not read
   * @param failure what the system said, which is the cause of what is returned
   */
  public static IOException unread(String stream, String complaint, IOException failure) {
    String reason = reason(failure);
    return isOfSystem(reason)
        ? ofSystem(stream, failure)
        : because(failure, new BrokenPipeException(stream, complaint + ": " + reason, 0));
  }

  private static IOException because(IOException failure, IOException told) {
    told.initCause(failure);
    return told;
  }

  private static IOException ofSystem(String stream, IOException failure) {
    return new IOException(stream + ": the system has failed: " + reason(failure), failure);
  }

  /** A failure as the system would have told it. */
  public static IOException io(Throwable failure) {
    return failure instanceof IOException e ? e : new IOException(failure.getMessage(), failure);
  }

  /** Whether a failure says nothing of the peer. */
  private static boolean isOfSystem(String reason) {
    String lower = reason.toLowerCase(Locale.ROOT);
    return OF_SYSTEM.stream().anyMatch(lower::contains);
  }

  /** Whether a write failed because nobody reads. */
  public static boolean isBrokenPipe(IOException failure) {
    return reason(failure).toLowerCase(Locale.ROOT).contains("broken pipe");
  }
}
