// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.engine;

import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.ExitException;
import io.penstock.error.HandleLimitException;
import io.penstock.error.HandshakeException;
import io.penstock.error.MemoryLimitException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
import io.penstock.error.StorageException;
import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamFault;
import io.penstock.error.StreamTimeoutException;
import io.penstock.error.StreamTruncatedException;
import java.io.IOException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** Makes a fresh exception for each throw of a failure that is kept. */
public final class Faults {
  private Faults() {}

  /**
   * Carries a failure from a driver to {@link #again}, which makes the exception that users see.
   */
  private static final class Kept extends IOException {
    private static final long serialVersionUID = 1;

    Kept(Throwable failure) {
      super(failure.getMessage(), failure);
    }
  }

  /** A failure that a driver keeps, to be thrown by it; the end makes a fresh exception of it. */
  public static IOException kept(Throwable failure) {
    return new Kept(failure);
  }

  /** What users see of a failure that a driver has thrown. */
  public static IOException told(String stream, IOException thrown) {
    return thrown instanceof Kept ? again(stream, thrown) : thrown;
  }

  /**
   * Makes a new exception with the same meaning. For one of ours it takes over the cause, such as
   * the JDK's exception, so that the same failure is not in the chain twice. Any other exception
   * becomes its cause.
   */
  public static IOException again(String stream, Throwable kept) {
    Throwable failure = unwrap(kept);
    IOException fresh;
    if (failure instanceof BrokenPipeException e) {
      fresh = new BrokenPipeException(e.stream(), tail(e), e.count());
    } else if (failure instanceof ConnectionResetException e) {
      fresh = new ConnectionResetException(e.stream(), tail(e), e.count());
    } else if (failure instanceof StreamTimeoutException e) {
      fresh = new StreamTimeoutException(e.stream(), tail(e), e.count());
    } else if (failure instanceof StreamClosedException e) {
      fresh = new StreamClosedException(e.stream());
    } else if (failure instanceof ExitException e) {
      fresh = again(e);
    } else if (failure instanceof HandleLimitException e) {
      return new HandleLimitException(e.stream(), tail(e), e.count(), e.getCause());
    } else if (failure instanceof MemoryLimitException e) {
      fresh = new MemoryLimitException(e.stream(), tail(e), e.count());
    } else if (failure instanceof NotSupportedException e) {
      fresh = new NotSupportedException(e.stream(), e.operation(), e.cure());
    } else if (failure instanceof StreamTruncatedException e) {
      fresh = new StreamTruncatedException(e.stream(), tail(e), e.count());
    } else if (failure instanceof RequestRejectedException e) {
      fresh = new RequestRejectedException(e.stream(), tail(e), e.count());
    } else if (failure instanceof OpenFailedException e) {
      String code = "open failed with code " + e.code() + ": ";
      String said = tail(e);
      fresh =
          new OpenFailedException(
              e.stream(), e.code(), said.startsWith(code) ? said.substring(code.length()) : said);
    } else if (failure instanceof HandshakeException e) {
      return new HandshakeException(e.stream(), tail(e), e.getCause());
    } else if (failure instanceof AddressException e) {
      return new AddressException(e.kind(), e.stream(), e.detail(), e.getCause());
    } else if (failure instanceof StorageException e) {
      return new StorageException(e.kind(), e.stream(), tail(e), e.count(), e.getCause());
    } else if (StreamFault.isTimedOut(failure)) {
      fresh = new StreamTimeoutException(stream, String.valueOf(failure.getMessage()), 0);
    } else {
      String message = failure.getMessage();
      return new IOException(
          message != null && message.startsWith(stream)
              ? message
              : stream + ": " + (message == null ? failure.getClass().getSimpleName() : message),
          failure);
    }
    fresh.initCause(failure instanceof StreamFault ? failure.getCause() : failure);
    return fresh;
  }

  private static ExitException again(ExitException e) {
    if (!e.stated()) {
      return ExitException.unstated(e.stream(), tail(e));
    }
    return e.signal().isEmpty()
        ? new ExitException(e.stream(), e.status(), tail(e))
        : ExitException.bySignal(e.stream(), e.status(), e.signal().get(), e.coreDumped(), tail(e));
  }

  /**
   * What a driver answers, if it is an answer: anything else must not be taken for the end.
   *
   * @param least -1 where there is an end, or else 0
   */
  public static int answer(String stream, int count, int least) throws IOException {
    if (count < least) {
      throw new IOException(stream + ": its driver answers " + count + ", which is no count");
    }
    return count;
  }

  private static <E extends IOException & StreamFault> String tail(E failure) {
    return tail(failure.stream(), String.valueOf(failure.getMessage()));
  }

  private static String tail(String stream, String message) {
    String prefix = stream + ": ";
    return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
  }

  /** What went wrong, without the name of the stream in front, which the message may have. */
  public static String reason(Throwable failure) {
    String message = failure.getMessage();
    if (message == null) {
      return failure.getClass().getSimpleName();
    }
    return failure instanceof StreamFault fault ? tail(fault.stream(), message) : message;
  }

  /** The failure itself, without the wrappers that futures put around it. */
  public static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    while ((inner instanceof CompletionException
            || inner instanceof ExecutionException
            || inner instanceof Kept)
        && inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }

  /** The failure as an {@link IOException}. */
  public static IOException io(String stream, Throwable failure) {
    Throwable inner = unwrap(failure);
    return inner instanceof IOException e ? e : again(stream, inner);
  }
}
