// SPDX-License-Identifier: Apache-2.0
package io.penstock.spi;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A file or folder that is held by a descriptor. The system has looked it up, but has not opened it
 * for reading or writing: a FIFO does not wait, and a device does not notice. It stays the same
 * file, even if its names lead elsewhere later. For one thread at a time.
 */
@ProviderType
public interface Anchor extends Closeable {
  /**
   * A path that leads to the held file or folder, and only there, until {@link #close()}. Names
   * appended to it lead to the content of the folder. The path must not be used after the close.
   *
   * @return the path, which the system's calls follow as a link
   */
  Path path();

  /**
   * Holds a file or folder below this folder. The system follows no symbolic link on the way and
   * never leaves the folder. If the last name is a link, the link itself is held.
   *
   * @param path relative, without {@code ..}
   * @return held until it is closed
   * @throws java.nio.file.NoSuchFileException if nothing is there
   * @throws java.nio.file.NotDirectoryException if a name on the way, or the one before a last
   *     {@code .}, is that of a link or of a file
   * @throws java.nio.file.AccessDeniedException if the system does not allow it
   * @throws IOException if, for example, there are no descriptors left
   */
  Anchor below(Path path) throws IOException;

  /** Releases it. Idempotent. */
  @Override
  void close();
}
