// SPDX-License-Identifier: Apache-2.0
package io.penstock.console;

import io.penstock.spi.Messages;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.metatype.annotations.AttributeDefinition;
import org.osgi.service.metatype.annotations.Designate;
import org.osgi.service.metatype.annotations.ObjectClassDefinition;

/**
 * The page with a server of its own, where the command line or a configuration gives its address.
 */
@Component(
    name = LocalPage.PID,
    service = {},
    immediate = true,
    configurationPid = LocalPage.PID)
@Designate(ocd = LocalPage.Config.class)
public final class LocalPage {
  static final String PID = "io.penstock.Page";

  /** Set by the launcher: the address that the command line has given. */
  private static final String GIVEN = "io.penstock.page";

  private static final Logger LOG = Messages.log("console");

  /** The keys. */
  @ObjectClassDefinition(
      name = "Penstock: page for operators",
      description =
          "Serves the operator's page at a port of its own, for containers without the Felix Web"
              + " Console.")
  @interface Config {
    /** Address. */
    @AttributeDefinition(
        required = false,
        name = "Address",
        description =
            "Where the page is. HOST:PORT of this machine, such as 127.0.0.1:8090; port 0 lets the"
                + " system choose. Default: none, and no page.")
    String address() default "";

    /** Token file. */
    @AttributeDefinition(
        required = false,
        name = "Token file",
        description =
            "The file that the page's URL with its token is written to, for its owner only; it goes"
                + " with the page. A path. Default: none, and a line on standard error has it.")
    String tokenFile() default "";
  }

  private final @Nullable PageServer server;
  private final @Nullable Path tokenFile;

  /**
   * Activates the component.
   *
   * @param context tells what the command line has given
   * @param config what else is given
   * @param page answers
   */
  @Activate
  public LocalPage(BundleContext context, Config config, @Reference OperatorPage page) {
    String given = context.getProperty(GIVEN);
    String address = config.address().isEmpty() && given != null ? given : config.address();
    PageServer started = null;
    Path file = null;
    if (!address.isEmpty()) {
      try {
        started = PageServer.start(address, page);
        file = announce(started, config.tokenFile());
        LOG.log(Level.INFO, "the operator''s page is at {0}", started.address());
      } catch (IOException | IllegalArgumentException e) {
        // What the container is for goes on without its page.
        LOG.log(Level.ERROR, "there is no page: {0}", e.getMessage());
        if (started != null) {
          started.close();
        }
      }
    }
    server = started;
    tokenFile = file;
  }

  private static @Nullable Path announce(PageServer started, String file) throws IOException {
    if (file.isEmpty()) {
      // No log has it.
      System.err.println("page " + started.url());
      return null;
    }
    return write(Path.of(file), started.url());
  }

  /** Writes the file, or says why not: some file systems know no owner. */
  static Path write(Path file, String line) throws IOException {
    // It is its owner's from the first byte on.
    var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS) && !isOfAnEarlierPage(file)) {
      throw new IOException(
          "tokenFile "
              + file
              + " is there and has no URL of a page in it; expected a path where nothing is");
    }
    try {
      Files.deleteIfExists(file);
      Files.createFile(file, mode);
      return Files.writeString(
          file, line + "\n", StandardCharsets.UTF_8, StandardOpenOption.TRUNCATE_EXISTING);
    } catch (IOException | UnsupportedOperationException e) {
      throw new IOException("tokenFile " + file + " cannot be written: " + e, e);
    }
  }

  /** Whether an earlier page has left it: what somebody else has written is not deleted. */
  private static boolean isOfAnEarlierPage(Path file) throws IOException {
    if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] start = in.readNBytes(PageServer.SCHEME.length());
      return start.length == 0
          || new String(start, StandardCharsets.UTF_8).equals(PageServer.SCHEME);
    }
  }

  /** Ends the server. */
  @Deactivate
  void deactivate() {
    PageServer running = server;
    if (running != null) {
      running.close();
    }
    Path file = tokenFile;
    if (file != null) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        LOG.log(Level.WARNING, file + " cannot be deleted", e);
      }
    }
  }
}
