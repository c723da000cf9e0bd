// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.ProgramRequest;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.Messages;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** From an endpoint to a server. */
public final class ServerOpening {
  private static final String READ_ONLY = "read-only";

  /** The keys of the options. */
  public static final Set<String> KEYS = Set.of(READ_ONLY);

  private ServerOpening() {}

  /** As {@link io.penstock.spi.ChannelProvider#check} says. */
  public static void check(Endpoint endpoint, ChannelOptions options) throws AddressException {
    boolean unusedFlag = readOnly(options.extra().getOrDefault(READ_ONLY, "false").strip());
    Path unusedFolder = folder(endpoint);
  }

  /**
   * Opens a server.
   *
   * @return as {@link io.penstock.spi.ChannelProvider#connect} says
   */
  public static CompletionStage<? extends ChannelDriver> open(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    boolean readOnly = readOnly(options.extra().getOrDefault(READ_ONLY, "false").strip());
    Path folder = folder(endpoint);
    if (!options.program().map(ServerOpening::isSftp).orElse(true)) {
      // A peer that was let in for another program must not get files instead.
      throw new RequestRejectedException(
          context.name(), "the peer asks for something else; expected the subsystem sftp", 0);
    }
    CompletableFuture<ChannelDriver> opened = new CompletableFuture<>();
    context
        .executor()
        .execute(
            () -> {
              try {
                SftpDriver driver = new SftpDriver(real(endpoint, folder), readOnly, context);
                if (!opened.complete(driver)) {
                  // Cancelled meanwhile: no other code has a reference to it.
                  driver.close();
                }
              } catch (IOException | RuntimeException | Error e) {
                opened.completeExceptionally(e);
              }
            });
    return opened;
  }

  private static boolean isSftp(ProgramRequest request) {
    return request.kind() == ProgramRequest.Kind.SUBSYSTEM
        && request.bytes().equals(StandardCharsets.US_ASCII.encode("sftp"));
  }

  private static boolean readOnly(String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default -> throw Messages.refused(READ_ONLY, value, "true or false");
    };
  }

  private static Path folder(Endpoint endpoint) throws AddressException {
    String address = endpoint.address();
    if (address.isEmpty()) {
      throw new AddressException(
          Kind.INVALID, endpoint.name(), "expected sftp-server:FOLDER", null);
    }
    try {
      return address.startsWith("~/")
          ? Path.of(System.getProperty("user.home"), address.substring(2))
          : Path.of(address);
    } catch (InvalidPathException e) {
      throw new AddressException(Kind.INVALID, endpoint.name(), "it is no path", e);
    }
  }

  private static Path real(Endpoint endpoint, Path folder) throws IOException {
    try {
      Path real = folder.toRealPath();
      if (!Files.isDirectory(real)) {
        throw new AddressException(
            Kind.INVALID, endpoint.name(), "it is no folder; expected one to serve", null);
      }
      return real;
    } catch (NoSuchFileException e) {
      throw new AddressException(Kind.NOT_FOUND, endpoint.name(), "there is no such folder", e);
    }
  }
}
