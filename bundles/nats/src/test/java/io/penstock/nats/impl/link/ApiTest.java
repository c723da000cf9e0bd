// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.logging.Filter;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a fault of our own in a chain of questions. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class ApiTest {
  private static final String SERVER = "nats://127.0.0.1:1";

  private static IllegalStateException planted() {
    return new IllegalStateException("planted");
  }

  private static List<String> logged(CompletableFuture<String> stage, boolean fails) {
    Logger logger = Logger.getLogger("io.penstock.nats");
    Filter before = logger.getFilter();
    List<String> lines = Collections.synchronizedList(new ArrayList<>());
    List<String> heard = new ArrayList<>();
    try (Link link = new Link(new LinkSettings(List.of(SERVER), Map.of(), Map.of()), "test")) {
      logger.setFilter(
          line -> {
            lines.add(line.getLevel() + " " + new SimpleFormatter().formatMessage(line));
            return false;
          });
      Api.end(
          link,
          stage,
          (value, failure) -> {
            heard.add(failure == null ? value : failure.getClass().getSimpleName());
            if (fails) {
              throw planted();
            }
          });
    } finally {
      logger.setFilter(before);
    }
    assertEquals(1, heard.size());
    lines.add(0, heard.get(0));
    return lines;
  }

  /** Servers from 2.11 on have a number of its own for a message that is still on its way. */
  @ParameterizedTest
  @ValueSource(ints = {10071, 10164})
  void whatExpectedAnotherMessageIsToldByOneNumber(int code) {
    String answer =
        "{\"error\":{\"code\":400,\"err_code\":"
            + code
            + ",\"description\":\"wrong last sequence\"}}";
    CompletableFuture<?> failed = Api.parsed("key", answer.getBytes(StandardCharsets.UTF_8));
    ExecutionException why = assertThrows(ExecutionException.class, failed::get);
    assertEquals(Api.WRONG_LAST, Api.code(why.getCause()));
  }

  @Test
  void aFaultOfOurOwnIsLogged() {
    String line = "SEVERE " + SERVER + ": a step failed; report this as a bug";
    CompletableFuture<String> answered = CompletableFuture.completedFuture("answer");
    assertEquals(List.of("answer"), logged(answered, false));
    assertEquals(List.of("answer", line), logged(answered, true));
    CompletableFuture<String> refused =
        answered.thenCompose(
            any ->
                CompletableFuture.failedFuture(
                    new LinkException(LinkException.Kind.DOWN, 0, "away", null)));
    assertEquals(List.of("LinkException"), logged(refused, false));
    CompletableFuture<String> broken =
        answered.thenApply(
            any -> {
              throw planted();
            });
    assertEquals(List.of("IllegalStateException", line), logged(broken, false));
  }

  @Test
  void aFaultOfOurOwnEndsAChainThatGoesOnEitherWay() {
    CompletableFuture<String> both =
        Api.either(
            CompletableFuture.completedFuture("answer"),
            (value, failure) -> {
              throw planted();
            });
    ExecutionException ended =
        assertThrows(ExecutionException.class, () -> both.get(10, TimeUnit.SECONDS));
    assertInstanceOf(IllegalStateException.class, Api.cause(ended.getCause()));
  }
}
