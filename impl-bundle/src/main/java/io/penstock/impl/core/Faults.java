// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.core;

import io.penstock.error.AddressException;
import io.penstock.error.BrokenPipeException;
import io.penstock.error.ConnectionResetException;
import io.penstock.error.ExitException;
import io.penstock.error.HandleLimitException;
import io.penstock.error.HandshakeException;
import io.penstock.error.NotSupportedException;
import io.penstock.error.OpenFailedException;
import io.penstock.error.RequestRejectedException;
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

  /** A fresh exception that means the same, with the kept one as its cause. */
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
      return e.again();
    } else if (failure instanceof HandleLimitException e) {
      fresh = new HandleLimitException(e.stream(), tail(e), e.count(), null);
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
      return e.again();
    } else if (failure instanceof AddressException e) {
      return e.again();
    } else {
      String message = failure.getMessage();
      return new IOException(
          message != null && message.startsWith(stream)
              ? message
              : stream + ": " + (message == null ? failure.getClass().getSimpleName() : message),
          failure);
    }
    fresh.initCause(failure);
    return fresh;
  }

  private static <E extends IOException & StreamFault> String tail(E failure) {
    String message = String.valueOf(failure.getMessage());
    String prefix = failure.stream() + ": ";
    return message.startsWith(prefix) ? message.substring(prefix.length()) : message;
  }

  /** The failure itself, without the wrappers that futures put around it. */
  public static Throwable unwrap(Throwable failure) {
    Throwable inner = failure;
    while ((inner instanceof CompletionException || inner instanceof ExecutionException)
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
