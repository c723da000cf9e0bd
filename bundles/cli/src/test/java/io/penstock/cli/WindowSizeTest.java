// SPDX-License-Identifier: Apache-2.0
package io.penstock.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.Channel;
import io.penstock.channel.Endpoint;
import io.penstock.channel.TerminalSize;
import io.penstock.channel.facet.TerminalFacet;
import io.penstock.relay.RelayObserver;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WindowSizeTest {
  private final LinkedBlockingQueue<TerminalSize> told = new LinkedBlockingQueue<>();
  private final CompletableFuture<Runnable> changed = new CompletableFuture<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile TerminalSize size = TerminalSize.of(80, 24);

  private WindowSize window() {
    return new WindowSize(
        new RelayObserver() {},
        () -> Optional.of(size),
        task -> {
          changed.complete(task);
          return stopped::countDown;
        });
  }

  private Channel program(boolean terminal) {
    TerminalFacet facet =
        new TerminalFacet() {
          @Override
          public TerminalSize size() {
            throw new UnsupportedOperationException();
          }

          @Override
          public void resize(TerminalSize now) {
            told.add(now);
          }
        };
    return (Channel)
        Proxy.newProxyInstance(
            WindowSizeTest.class.getClassLoader(),
            new Class<?>[] {Channel.class},
            (proxy, method, args) ->
                switch (method.getName()) {
                  case "endpoint" -> Endpoint.parse("exec:top");
                  case "facet" ->
                      terminal && args[0] == TerminalFacet.class
                          ? Optional.of(facet)
                          : Optional.empty();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  @Test
  void programHearsOfTheSizeAtTheStartAndOfEachChange() throws Exception {
    try (WindowSize window = window()) {
      window.joined(Fakes.channel("stdio:"), program(true));
      assertEquals(size, told.poll(20, TimeUnit.SECONDS));
      size = TerminalSize.of(132, 43);
      changed.get(20, TimeUnit.SECONDS).run();
      assertEquals(size, told.poll(20, TimeUnit.SECONDS));
    }
    assertTrue(stopped.await(20, TimeUnit.SECONDS), "nobody watches for ever");
  }

  @Test
  void nobodyIsToldWithoutATerminalOrWithoutStandardStreams() {
    try (WindowSize window = window()) {
      window.joined(Fakes.channel("stdio:"), program(false));
      window.joined(Fakes.channel("tcp://h:1"), program(true));
      assertTrue(!changed.isDone() && told.isEmpty());
    }
  }
}
