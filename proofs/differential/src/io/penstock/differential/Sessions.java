// SPDX-License-Identifier: Apache-2.0
package io.penstock.differential;

import io.penstock.channel.Channel;
import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.ssh.SshClientFacet;
import io.penstock.ssh.SshExit;
import io.penstock.ssh.provider.SshProvider;
import io.penstock.standalone.Penstock;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Reads lines "ENDPOINT COMMAND STEP...", runs the command there as this product's client, and
 * answers "HOW OUTPUT ERRORS". The command, what is written and what comes back are in Base64. A
 * step is {@code w:BYTES}, {@code p:MILLIS}, {@code e} for the end of the input, or {@code s:SIGNAL}
 * once there is output.
 */
final class Sessions {
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(60));
  private static final int MOST = 1 << 24;

  /** Not the common pool, which has one thread on two processors: each of three tasks waits. */
  private static final Executor THREADS = task -> {
    Thread thread = new Thread(task);
    thread.setDaemon(true);
    thread.start();
  };

  private Sessions() {}

  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    try (Penstock penstock = Penstock.open()) {
      penstock.provide(new SshProvider());
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String answer;
        try {
          answer = run(penstock, line.split(" "));
        } catch (Exception e) {
          answer = "failed:" + e.toString().replaceAll("\\s", "_") + " - -";
        }
        System.out.println(answer);
      }
    }
    System.exit(0);
  }

  private static String run(Penstock penstock, String[] words) throws Exception {
    try (Channel channel =
        penstock.channels().open(Endpoint.parse(words[0]), ChannelOptions.defaults(), SOON)) {
      SshClientFacet session = channel.facet(SshClientFacet.class).orElseThrow();
      session.environment("LC_PROBE", "of the client");
      session.exec(ByteBuffer.wrap(Base64.getDecoder().decode(words[1])), SOON);
      ByteSource errorSource = session.errorSource().orElseThrow();
      CompletableFuture<byte[]> errors = CompletableFuture.supplyAsync(() -> all(errorSource, null), THREADS);
      CountDownLatch begun = new CountDownLatch(1);
      CompletableFuture<byte[]> output =
          CompletableFuture.supplyAsync(() -> all(channel.source(), begun), THREADS);
      CompletableFuture<Void> input =
          CompletableFuture.runAsync(() -> write(channel, session, words, begun), THREADS);
      byte[] out = output.get(70, TimeUnit.SECONDS);
      byte[] err = errors.get(70, TimeUnit.SECONDS);
      SshExit exit = session.exit(SOON);
      input.cancel(false);
      Base64.Encoder encoder = Base64.getEncoder();
      String how =
          exit.signal()
              .map(name -> "signal:" + name)
              .orElse(exit.status().isPresent() ? "" + exit.status().getAsInt() : "none");
      return how + " =" + encoder.encodeToString(out) + " =" + encoder.encodeToString(err);
    }
  }

  private static void write(
      Channel channel, SshClientFacet session, String[] words, CountDownLatch begun) {
    try {
      for (int i = 2; i < words.length; i++) {
        String value = words[i].substring(Math.min(2, words[i].length()));
        switch (words[i].charAt(0)) {
          case 'w' ->
              channel
                  .sink()
                  .writeFully(ByteBuffer.wrap(Base64.getDecoder().decode(value)), SOON);
          case 'p' -> LockSupport.parkNanos(Long.parseLong(value) * 1_000_000);
          case 'e' -> channel.sink().end();
          default -> {
            begun.await(60, TimeUnit.SECONDS);
            session.signal(value);
          }
        }
      }
    } catch (IOException | InterruptedException e) {
      // A program that reads no further; what counts is how it ends.
      System.err.println(e);
    }
  }

  private static byte[] all(ByteSource source, CountDownLatch begun) {
    java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(65536);
    try {
      while (all.size() < MOST && source.read(buffer, SOON) >= 0) {
        all.write(buffer.array(), 0, buffer.position());
        buffer.clear();
        if (begun != null) {
          begun.countDown();
        }
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return all.toByteArray();
  }
}
