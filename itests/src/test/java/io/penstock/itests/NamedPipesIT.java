// SPDX-License-Identifier: Apache-2.0
package io.penstock.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.penstock.error.StreamClosedException;
import io.penstock.error.StreamClosedWhileWaitingException;
import io.penstock.itests.exam.InContainer;
import io.penstock.itests.support.Configurations;
import io.penstock.itests.support.Penstock;
import io.penstock.itests.support.Services;
import io.penstock.itests.support.TestBundle;
import io.penstock.pipe.Pipe;
import io.penstock.stream.ByteSink;
import io.penstock.stream.ByteSource;
import io.penstock.stream.Wait;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** Two bundles that know each other only by the name of a pipe between them. */
@InContainer
class NamedPipesIT {

  private static final long HUNDRED_MEBIBYTES = 100L << 20;
  private static final Wait SOON = Wait.upTo(Duration.ofSeconds(20));

  private final List<Bundle> bundles = new ArrayList<>();
  private BundleContext context;
  private String pipeName;
  private Configurations configurations;

  @BeforeEach
  void configureThePipe(BundleContext context, TestInfo test) throws Exception {
    this.context = context;
    pipeName = test.getTestMethod().orElseThrow().getName();
    configurations = new Configurations(context);
    configurations.create(Penstock.PIPE, pipeName, Map.of());
  }

  @AfterEach
  void removeEverything() throws Exception {
    for (Bundle bundle : bundles) {
      bundle.uninstall();
    }
    Penstock.implementation(context).start();
    configurations.close();
  }

  @Test
  void aHundredMebibytesPassFromOneBundleToTheOther() throws Exception {
    awaitBothEnds();
    reader();
    writer(HUNDRED_MEBIBYTES);

    String written = future("writer", "digest").get(60, TimeUnit.SECONDS);
    String read = future("reader", "digest").get(60, TimeUnit.SECONDS);

    assertEquals(written, read);
  }

  @Test
  void stoppingTheProviderWakesBothWithTheClosedType() throws Exception {
    awaitBothEnds();
    reader();
    writer(Long.MAX_VALUE);
    future("reader", "mebibyte").get(20, TimeUnit.SECONDS);

    Penstock.implementation(context).stop();

    assertClosed("writer");
    assertClosed("reader");
  }

  @Test
  void aFreshPipeOfThatNameWorksAfterTheProvidersReturn() throws Exception {
    Pipe old = Services.named(context, Pipe.class, pipeName);
    reader();
    writer(Long.MAX_VALUE);
    future("reader", "mebibyte").get(20, TimeUnit.SECONDS);

    Bundle implementation = Penstock.implementation(context);
    implementation.stop();
    implementation.start();

    Pipe fresh = Services.fresh(context, Pipe.class, pipeName, old);
    assertThrows(StreamClosedException.class, () -> old.source().read(ByteBuffer.allocate(1)));
    fresh.sink().writeFully("after the return", SOON);
    fresh.sink().end();
    assertEquals("after the return", text(fresh.source().readAll(100, SOON)));
  }

  @Test
  void theConsumersOwnStopLeavesTheSharedPipeAlive() throws Exception {
    Pipe pipe = Services.named(context, Pipe.class, pipeName);
    Bundle reader = reader();
    pipe.sink().writeFully(ByteBuffer.allocate(2 << 20), SOON);
    future("reader", "mebibyte").get(20, TimeUnit.SECONDS);
    pipe.sink().awaitEmpty(SOON);

    reader.stop();

    assertTrue(pipe.source().isOpen());
    assertFalse(pipe.closed().toCompletableFuture().isDone());
    pipe.sink().writeFully("still here", SOON);
    assertEquals("still here", text(pipe.source().take(100, SOON)));
    assertEquals(pipe, Services.named(context, Pipe.class, pipeName));
  }

  private void awaitBothEnds() {
    Services.named(context, ByteSink.class, pipeName);
    Services.named(context, ByteSource.class, pipeName);
  }

  private Bundle writer(long bytes) throws Exception {
    return start(user("writer").header(PipeUser.BYTES, Long.toString(bytes)));
  }

  private Bundle reader() throws Exception {
    return start(user("reader"));
  }

  private TestBundle user(String role) {
    return TestBundle.named(role)
        .activator(PipeUser.class)
        .with(PipeUser.Work.class)
        .header(PipeUser.ROLE, role)
        .header(PipeUser.PIPE, pipeName);
  }

  private Bundle start(TestBundle bundle) throws Exception {
    Bundle started = bundle.start(context);
    bundles.add(started);
    return started;
  }

  @SuppressWarnings("unchecked")
  private Future<String> future(String user, String result) {
    return Services.any(
        context,
        Future.class,
        "(&(" + PipeUser.USER + "=" + user + ")(" + PipeUser.RESULT + "=" + result + "))");
  }

  private void assertClosed(String user) {
    Throwable thrown =
        assertThrows(
                ExecutionException.class, () -> future(user, "digest").get(20, TimeUnit.SECONDS))
            .getCause();
    // Which of the two depends on where the bundle's thread was: in a call or between calls.
    assertTrue(
        Set.of(StreamClosedException.class, StreamClosedWhileWaitingException.class)
            .contains(thrown.getClass()),
        () -> user + " got " + thrown);
  }

  private static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString();
  }
}
