// SPDX-License-Identifier: Apache-2.0
package io.penstock.sftp.impl;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.channel.ProgramRequest;
import io.penstock.error.AddressException;
import io.penstock.error.AddressException.Kind;
import io.penstock.error.RequestRejectedException;
import io.penstock.spi.ChannelDriver;
import io.penstock.spi.ProviderContext;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** From an endpoint to a server. */
public final class Opening {
  private static final String READ_ONLY = "read-only";

  /** The keys of the options. */
  public static final Set<String> KEYS = Set.of(READ_ONLY);

  private Opening() {}

  /**
   * Opens a server.
   *
   * @return as {@link io.penstock.spi.ChannelProvider#connect} says
   */
  public static CompletionStage<? extends ChannelDriver> open(
      Endpoint endpoint, ChannelOptions options, ProviderContext context) throws IOException {
    boolean readOnly = readOnly(options.extra().getOrDefault(READ_ONLY, "false").strip());
    Path folder = folder(endpoint);
    if (!options.program().map(Opening::isSftp).orElse(true)) {
      // A peer who is let in for something else is not to get files in its place.
      throw new RequestRejectedException(
          context.name(), "the peer asks for something else; expected the subsystem sftp", 0);
    }
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return new SftpDriver(real(endpoint, folder), readOnly, context);
          } catch (IOException e) {
            throw new CompletionException(e);
          }
        },
        context.executor());
  }

  private static boolean isSftp(ProgramRequest request) {
    return request.kind() == ProgramRequest.Kind.SUBSYSTEM
        && request.bytes().equals(StandardCharsets.US_ASCII.encode("sftp"));
  }

  private static boolean readOnly(String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new IllegalArgumentException(
              READ_ONLY + ": '" + value + "' is not allowed; expected true or false");
    };
  }

  private static Path folder(Endpoint endpoint) throws AddressException {
    String address = endpoint.address();
    if (address.isEmpty()) {
      throw new AddressException(
          Kind.INVALID, endpoint.toString(), "expected sftp-server:FOLDER", null);
    }
    try {
      return address.startsWith("~/")
          ? Path.of(System.getProperty("user.home"), address.substring(2))
          : Path.of(address);
    } catch (InvalidPathException e) {
      throw new AddressException(Kind.INVALID, endpoint.toString(), "it is no path", e);
    }
  }

  private static Path real(Endpoint endpoint, Path folder) throws IOException {
    try {
      Path real = folder.toRealPath();
      if (!Files.isDirectory(real)) {
        throw new AddressException(
            Kind.INVALID, endpoint.toString(), "it is no folder; expected one to serve", null);
      }
      return real;
    } catch (NoSuchFileException e) {
      throw new AddressException(Kind.NOT_FOUND, endpoint.toString(), "there is no such folder", e);
    }
  }
}
