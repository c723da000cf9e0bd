// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import io.penstock.stream.ByteFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The lines of a file. It reads one ahead, when it is asked whether there is one. */
final class LineIterator<L> implements Iterator<L> {
  private final ByteFile<L> file;
  private @Nullable L next;

  LineIterator(ByteFile<L> file) {
    this.file = file;
  }

  @Override
  public boolean hasNext() {
    if (next == null) {
      try {
        next = file.readLine();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return next != null;
  }

  @Override
  public L next() {
    if (!hasNext()) {
      throw new NoSuchElementException("there are no more lines in " + file.name());
    }
    L line = Objects.requireNonNull(next, "a line");
    next = null;
    return line;
  }
}
