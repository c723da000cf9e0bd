// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.view;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.penstock.pipe.Pipe;
import io.penstock.pipe.PipeOptions;
import io.penstock.standalone.Penstock;
import io.penstock.stream.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.opentest4j.TestAbortedException;
import org.reactivestreams.FlowAdapters;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.SubscriberBlackboxVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.SkipException;
import org.testng.annotations.Test;

/**
 * The rules of Reactive Streams, as its authors test them, for the publisher of a source and the
 * subscriber of a sink. Which rules are skipped is listed here, so that none is skipped unseen.
 */
class ReactiveStreamsRulesTest {
  private static final Penstock PENSTOCK = Penstock.open();
  private static final ExecutorService PUBLISHING = Executors.newCachedThreadPool();

  /** How long a signal may take that must come, and how long one is waited for that must not. */
  private static final TestEnvironment ENVIRONMENT = new TestEnvironment(20_000, 50, 50, false);

  /** Gives the collector, and the thread that queues its finds, 100 ms, which may be too few. */
  private static final String COLLECTED =
      "required_spec313_cancelMustMakeThePublisherEventuallyDropAllReferencesToTheSubscriber";

  @AfterAll
  static void stop() {
    PENSTOCK.close();
    PUBLISHING.shutdownNow();
  }

  /** Pieces are given one by one, and a source never joins what was given. */
  private static final class SourceRules extends PublisherVerification<ByteBuffer> {
    private static final int MANY = 2000;

    SourceRules() {
      super(ENVIRONMENT, 500);
    }

    @Override
    public Publisher<ByteBuffer> createPublisher(long elements) {
      Pipe pipe = PENSTOCK.pipes().create(PipeOptions.defaults().withUnboundedCapacity());
      try {
        for (int i = 0; i < Math.min(elements, MANY); i++) {
          pipe.sink().give(ByteBuffer.wrap(new byte[] {(byte) i}), Wait.none());
        }
        // A rule that asks for more than that wants to see the first few and no end.
        if (elements <= MANY) {
          pipe.sink().end();
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return FlowAdapters.toPublisher(pipe.source().publisher());
    }

    @Override
    public Publisher<ByteBuffer> createFailedPublisher() {
      Pipe pipe = PENSTOCK.pipes().create(PipeOptions.defaults());
      pipe.abort(new IOException("failed on purpose"));
      return FlowAdapters.toPublisher(pipe.source().publisher());
    }

    @Override
    public long maxElementsFromPublisher() {
      return Integer.MAX_VALUE;
    }
  }

  private static final class SinkRules extends SubscriberBlackboxVerification<ByteBuffer> {
    SinkRules() {
      super(ENVIRONMENT);
    }

    @Override
    public Subscriber<ByteBuffer> createSubscriber() {
      Pipe pipe = PENSTOCK.pipes().create(PipeOptions.defaults().withUnboundedCapacity());
      return FlowAdapters.toSubscriber(pipe.sink().subscriber());
    }

    @Override
    public ByteBuffer createElement(int element) {
      return ByteBuffer.allocate(4).putInt(element).flip();
    }

    @Override
    public ExecutorService publisherExecutorService() {
      return PUBLISHING;
    }
  }

  @TestFactory
  Stream<DynamicTest> publisherKeepsTheRules() {
    return rules(
        () -> {
          SourceRules rules = new SourceRules();
          setUp(rules::setUp);
          return rules;
        },
        Set.of(
            // One subscriber at a time: what several at once see is no question.
            "optional_spec111_maySupportMultiSubscribe",
            "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingManyUpfront",
            "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingManyUpfrontAndCompleteAsExpected",
            "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingOneByOne",
            "optional_spec111_registeredSubscribersMustReceiveOnNextOrOnCompleteSignals"));
  }

  @TestFactory
  Stream<DynamicTest> subscriberKeepsTheRules() {
    return rules(
        () -> {
          SinkRules rules = new SinkRules();
          setUp(rules::setUp);
          return rules;
        },
        Set.of());
  }

  private interface Step {
    void run() throws Exception;
  }

  private static void setUp(Step step) {
    try {
      step.run();
    } catch (Exception e) {
      throw new IllegalStateException("a rule cannot be set up", e);
    }
  }

  private static Stream<DynamicTest> rules(Supplier<Object> verification, Set<String> skipped) {
    Set<String> seen = new TreeSet<>();
    List<DynamicTest> tests = new ArrayList<>();
    Stream.of(verification.get().getClass().getMethods())
        .filter(method -> method.isAnnotationPresent(Test.class))
        // Rules that no test from outside can check are only named.
        .filter(method -> !method.getName().startsWith("untested_"))
        .sorted(Comparator.comparing(Method::getName))
        .forEach(
            method ->
                tests.add(dynamicTest(method.getName(), () -> run(verification, method, seen))));
    tests.add(
        dynamicTest(
            "only what is listed was skipped", () -> assertEquals(new TreeSet<>(skipped), seen)));
    return tests.stream();
  }

  private static void run(Supplier<Object> verification, Method rule, Set<String> skipped)
      throws Throwable {
    int again = rule.getName().equals(COLLECTED) ? 4 : 0;
    for (boolean kept = false; !kept; again--) {
      try {
        rule.invoke(verification.get());
        kept = true;
      } catch (InvocationTargetException e) {
        Throwable cause = e.getCause();
        if (cause instanceof SkipException) {
          skipped.add(rule.getName());
          throw new TestAbortedException(cause.getMessage(), cause);
        }
        if (again == 0) {
          throw cause;
        }
      }
    }
  }
}
