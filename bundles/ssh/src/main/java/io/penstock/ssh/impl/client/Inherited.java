// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.client;

import io.penstock.spi.ArrivedBytes;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;

/** Copies standard error of the program to that of our process, as it comes. */
final class Inherited {
  private static final Logger LOG = Messages.log("ssh.client");

  private final String name;
  private final ArrivedBytes errors;
  private final ProviderContext context;
  private final AtomicInteger reasons = new AtomicInteger();

  Inherited(String name, ArrivedBytes errors, ProviderContext context) {
    this.name = name;
    this.errors = errors;
    this.context = context;
  }

  void begin() {
    errors.onReady(this::wake);
  }

  private void wake() {
    if (reasons.getAndIncrement() == 0) {
      context.executor().execute(this::run);
    }
  }

  private void run() {
    int seen = reasons.get();
    while (seen != 0) {
      copy();
      seen = reasons.addAndGet(-seen);
    }
  }

  private void copy() {
    ByteBuffer piece = ByteBuffer.allocate(8192);
    // Never closed: it is the process's.
    @SuppressWarnings("resource")
    FileOutputStream ours = new FileOutputStream(FileDescriptor.err);
    try {
      while (errors.read(piece.clear()) > 0) {
        ours.write(piece.array(), 0, piece.position());
      }
    } catch (IOException e) {
      // Our standard error is closed, or the program's was cut; the reader of the output learns of
      // a cut.
      LOG.log(Level.DEBUG, "{0}: standard error has ended", name, e);
      errors.close();
    }
  }
}
