// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.channel.ChannelOptions;
import io.penstock.channel.Endpoint;
import io.penstock.impl.buffer.Contents;
import io.penstock.impl.component.config.PipeSettings;
import io.penstock.impl.engine.Engine;
import io.penstock.impl.pipe.NamedPipes;
import io.penstock.pipe.Pipe;
import io.penstock.spi.PipeContent;
import io.penstock.spi.PipeContext;
import io.penstock.spi.PipeProvider;
import io.penstock.stream.Wait;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Changes that come while something else of a configuration is under way. */
class ConfiguredPipeTest {
  private final Engine engine = new Engine();
  private final Names names = new Names();
  private final NamedPipes pipes = new NamedPipes();
  private final Contents contents = new Contents();
  private final BlockingQueue<CompletableFuture<PipeContent>> opening = new LinkedBlockingQueue<>();

  /** The names of the pipes that are services. */
  private final List<String> registered = new CopyOnWriteArrayList<>();

  /** Opens what it is asked for when the test says so. */
  private final class Slow implements PipeProvider {
    @Override
    public Set<String> schemes() {
      return Set.of("slow");
    }

    @Override
    public CompletionStage<PipeContent> open(
        Endpoint location, ChannelOptions options, PipeContext context) {
      CompletableFuture<PipeContent> opened = new CompletableFuture<>();
      opening.add(opened);
      return opened;
    }
  }

  @BeforeEach
  void begin() {
    contents.add(new Slow());
  }

  @AfterEach
  void end() {
    engine.close();
  }

  /** There is nothing in it. */
  private static PipeContent content() {
    CompletableFuture<Void> never = new CompletableFuture<>();
    return (PipeContent)
        Proxy.newProxyInstance(
            PipeContent.class.getClassLoader(),
            new Class<?>[] {PipeContent.class},
            (self, method, arguments) -> {
              Class<?> type = method.getReturnType();
              if (type == CompletionStage.class) {
                return method.getName().equals("gone")
                    ? never
                    : CompletableFuture.completedFuture(null);
              }
              return type == long.class ? (Object) 0L : type == int.class ? (Object) 0 : false;
            });
  }

  private ConfiguredPipe pipe(String pid) {
    return new ConfiguredPipe(
        engine,
        names,
        pipes,
        contents,
        (type, service, properties) -> {
          if (type != Pipe.class) {
            return () -> {};
          }
          String name = (String) properties.get(Pipe.NAME);
          registered.add(name);
          return () -> registered.remove(name);
        },
        pid);
  }

  private static PipeSettings values(String name, String... more) {
    Map<String, Object> all = new java.util.HashMap<>();
    all.put("service.pid", "io.penstock.Pipe~" + name);
    all.put("penstock.name", name);
    for (int i = 0; i < more.length; i += 2) {
      all.put(more[i], more[i + 1]);
    }
    return PipeSettings.of(all);
  }

  private static PipeSettings durable(String name, String... more) {
    String[] all = java.util.Arrays.copyOf(more, more.length + 2);
    all[more.length] = "durable";
    all[more.length + 1] = "slow:x";
    return values(name, all);
  }

  /** Waits until all is done that was asked for before. */
  private static void fence(ConfiguredPipe pipe) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    pipe.serially(done::countDown);
    assertTrue(done.await(20, TimeUnit.SECONDS));
  }

  /** What is being opened, once the pipe waits for it. */
  private CompletableFuture<PipeContent> asked(ConfiguredPipe pipe) throws InterruptedException {
    CompletableFuture<PipeContent> next = opening.poll(20, TimeUnit.SECONDS);
    assertTrue(next != null, "nothing is opened");
    fence(pipe);
    return next;
  }

  @Test
  void aLimitThatChangesDuringTheOpeningHolds() throws Exception {
    ConfiguredPipe pipe = pipe("io.penstock.Pipe~p");
    pipe.configure(durable("a", "readTimeout", "1s"));
    CompletableFuture<PipeContent> opened = asked(pipe);
    pipe.configure(durable("a", "readTimeout", "7s"));
    fence(pipe);
    opened.complete(content());
    fence(pipe);
    assertEquals(Wait.upTo(Duration.ofSeconds(7)), pipe.slot.get().source().readWait());
    pipe.stop(false);
  }

  @Test
  void aNameThatChangesDuringTheOpeningHolds() throws Exception {
    ConfiguredPipe pipe = pipe("io.penstock.Pipe~p");
    pipe.configure(durable("a"));
    CompletableFuture<PipeContent> opened = asked(pipe);
    pipe.configure(durable("b"));
    fence(pipe);
    opened.complete(content());
    fence(pipe);
    assertEquals(List.of(), registered);
    asked(pipe).complete(content());
    fence(pipe);
    assertEquals(List.of("b"), registered);
    pipe.stop(false);
    assertEquals(List.of(), registered);
  }

  @Test
  void aPipeThatWasRenamedDuringTheOpeningWaitsForItsName() throws Exception {
    ConfiguredPipe other = pipe("io.penstock.Pipe~other");
    other.configure(values("b"));
    fence(other);
    ConfiguredPipe pipe = pipe("io.penstock.Pipe~p");
    pipe.configure(durable("a"));
    CompletableFuture<PipeContent> opened = asked(pipe);
    pipe.configure(durable("b"));
    fence(pipe);
    opened.completeExceptionally(new java.io.IOException("failed on purpose"));
    fence(pipe);
    pipe.hurry();
    fence(pipe);
    assertNull(opening.poll());
    assertEquals(List.of("b"), registered);
    other.stop(false);
    asked(pipe).complete(content());
    fence(pipe);
    assertEquals(List.of("b"), registered);
    pipe.stop(false);
  }

  @Test
  void aNameThatIsGivenOverTooLateIsOfNoUse() throws Exception {
    ConfiguredPipe first = pipe("io.penstock.Pipe~first");
    first.configure(values("a"));
    fence(first);
    ConfiguredPipe third = pipe("io.penstock.Pipe~third");
    third.configure(values("x"));
    fence(third);
    ConfiguredPipe second = pipe("io.penstock.Pipe~second");
    second.configure(values("a"));
    fence(second);
    CountDownLatch go = new CountDownLatch(1);
    second.serially(
        () -> {
          try {
            assertTrue(go.await(20, TimeUnit.SECONDS));
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        });
    second.configure(values("x"));
    first.stop(false);
    go.countDown();
    fence(second);
    assertNull(second.slot.get());
    assertEquals(List.of("x"), registered);
    third.stop(false);
    fence(second);
    assertEquals(List.of("x"), registered);
    second.stop(false);
  }
}
