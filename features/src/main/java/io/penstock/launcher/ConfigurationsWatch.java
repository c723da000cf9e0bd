// SPDX-License-Identifier: Apache-2.0
package io.penstock.launcher;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Has configurations read again when something in their folder has changed. */
final class ConfigurationsWatch {
  /** A file is written in several steps: so long must none have followed. */
  private static final long QUIET_MILLIS = 200;

  /** Unless there is always another one, such as of a log file in the same folder. */
  private static final int MOST_STEPS = 20;

  private final WatchService service;
  private final Path folder;

  private ConfigurationsWatch(WatchService service, Path folder) {
    this.service = service;
    this.folder = folder;
  }

  /**
   * Begins to watch, so that nothing is missed that changes while files are read.
   *
   * @param folder which
   * @return what is to be started once they were read; null if the system watches no folders, which
   *     the log says
   */
  static @Nullable ConfigurationsWatch of(Path folder) {
    if (!Files.isDirectory(folder)) {
      // Which is told by those who read it.
      return null;
    }
    try {
      WatchService service = folder.getFileSystem().newWatchService();
      WatchKey unused =
          folder.register(
              service,
              StandardWatchEventKinds.ENTRY_CREATE,
              StandardWatchEventKinds.ENTRY_MODIFY,
              StandardWatchEventKinds.ENTRY_DELETE);
      return new ConfigurationsWatch(service, folder);
    } catch (IOException | UnsupportedOperationException e) {
      StandardErrorLogging.print(
          Level.WARNING, Configurations.LOGGER, folder + ": changes of it are not noticed", e);
      return null;
    }
  }

  /** Reads again from now on, on a thread of its own that ends with the virtual machine. */
  void start(Configurations configurations) {
    Thread thread = new Thread(() -> watch(configurations), "penstock-conf");
    thread.setDaemon(true);
    thread.start();
  }

  private void watch(Configurations configurations) {
    try {
      boolean there = true;
      while (there) {
        there = settled(service.take());
        configurations.refresh();
      }
      StandardErrorLogging.print(
          Level.WARNING,
          Configurations.LOGGER,
          folder + " has gone; what was read from it stays, and is not read again",
          null);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ClosedWatchServiceException e) {
      StandardErrorLogging.print(
          Level.DEBUG, Configurations.LOGGER, folder + " is not watched any more", e);
    }
  }

  /** Waits until nothing has changed for a while; false if the folder has gone. */
  private boolean settled(WatchKey first) throws InterruptedException {
    WatchKey key = first;
    for (int i = 0; key != null && i < MOST_STEPS; i++) {
      key.pollEvents();
      if (!key.reset()) {
        return false;
      }
      key = service.poll(QUIET_MILLIS, TimeUnit.MILLISECONDS);
    }
    return key == null || key.reset();
  }
}
