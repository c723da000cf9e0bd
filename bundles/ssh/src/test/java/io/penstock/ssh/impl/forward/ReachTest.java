// SPDX-License-Identifier: Apache-2.0
package io.penstock.ssh.impl.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.spi.ProviderContext;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

/** How many threads are taken by callers that wait for name servers. */
class ReachTest {
  /** Keeps what it is to run. */
  private static final class Kept implements Executor {
    private final Queue<Runnable> tasks = new ArrayDeque<>();

    @Override
    public void execute(Runnable task) {
      tasks.add(task);
    }
  }

  private static ProviderContext context(Executor executor) {
    return (ProviderContext)
        Proxy.newProxyInstance(
            ReachTest.class.getClassLoader(),
            new Class<?>[] {ProviderContext.class},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "executor" -> executor;
                  case "after" -> new CompletableFuture<Void>();
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  @Test
  void onlyNamesThatAreLookedUpWaitForATurn() {
    Kept own = new Kept();
    Kept names = new Kept();
    ProviderContext context = context(own);
    for (String each : List.of("host.invalid", "10.0.0.300", "10.1", "dead.beef")) {
      assertTrue(
          !Reach.to(Target.tcp(each, 1), context, names, Duration.ofSeconds(1)).isDone(), each);
    }
    assertEquals(4, names.tasks.size());
    assertEquals(0, own.tasks.size());
    for (Target each :
        List.of(Target.tcp("10.0.0.30", 1), Target.tcp("::1", 1), Target.unix("/tmp/x"))) {
      assertTrue(!Reach.to(each, context, names, Duration.ofSeconds(1)).isDone(), each.toString());
    }
    assertEquals(4, names.tasks.size());
    assertEquals(3, own.tasks.size());
  }

  @Test
  void noMoreThanSoManyTasksTakeAThreadAtATime() {
    Kept threads = new Kept();
    Lanes lanes = new Lanes(threads, 2);
    List<Integer> done = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      int number = i;
      lanes.execute(() -> done.add(number));
    }
    assertEquals(2, threads.tasks.size());
    // One thread does what is left for both.
    threads.tasks.remove().run();
    assertEquals(List.of(0, 1, 2, 3, 4), done);
    lanes.execute(() -> done.add(5));
    assertEquals(2, threads.tasks.size());
  }
}
