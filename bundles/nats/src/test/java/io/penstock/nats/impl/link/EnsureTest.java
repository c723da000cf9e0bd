// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.nats.client.Connection;
import io.nats.client.Message;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.penstock.nats.support.Connected;
import io.penstock.nats.support.NatsCluster;
import io.penstock.nats.support.Replies;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two clients make one stream at the same time: the server refuses one of them. */
// A connection of the library's may be interrupted while it closes.
@SuppressWarnings("try")
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class EnsureTest {
  private static final String STREAM = "orders";

  private static NatsCluster cluster;

  @BeforeAll
  static void begin() throws Exception {
    cluster = NatsCluster.start(1, "127.0.0.1", "jetstream: disabled\n");
  }

  @AfterAll
  static void end() throws Exception {
    cluster.close();
  }

  /** Answers in place of JetStream. */
  private static final class Server implements AutoCloseable {
    private final Connection connection;
    private final int refusal;
    private final boolean quicker;
    private volatile boolean there;

    /**
     * Refuses to make the stream.
     *
     * @param refusal its number
     * @param quicker whether another client has made the stream when the refusal comes
     */
    Server(int refusal, boolean quicker) throws Exception {
      this.refusal = refusal;
      this.quicker = quicker;
      connection = NatsCluster.connect(cluster.url(0));
    }

    void begin() throws Exception {
      connection.createDispatcher(this::heard).subscribe(Replies.API + "STREAM.>");
      connection.flush(Duration.ofSeconds(5));
    }

    private void heard(Message question) {
      if (question.getSubject().startsWith(Replies.API + "STREAM.CREATE.")) {
        there = quicker;
        Replies.answer(connection, question, Replies.error(refusal));
      } else {
        Replies.answer(
            connection,
            question,
            there ? "{\"config\":{\"name\":\"" + STREAM + "\"}}" : Replies.error(Api.NO_STREAM));
      }
    }

    @Override
    public void close() throws InterruptedException {
      connection.close();
    }
  }

  private static JsonValue ensure(int refusal, boolean quicker) throws Exception {
    try (Server server = new Server(refusal, quicker);
        Link link = Connected.link(cluster)) {
      server.begin();
      return Api.ensure(link, STREAM, Api.object()).get(30, TimeUnit.SECONDS);
    }
  }

  private static LinkException refused(int refusal) {
    ExecutionException failed =
        assertThrows(ExecutionException.class, () -> ensure(refusal, false));
    return (LinkException) Api.cause(failed.getCause());
  }

  /** A single server may take the stream for another one, of the same subjects. */
  @ParameterizedTest
  @ValueSource(ints = {Api.OTHER_STREAM, Api.OVERLAP})
  void theStreamOfAQuickerClientIsTaken(int refusal) throws Exception {
    JsonValue config = JsonValueUtils.readObject(ensure(refusal, true), "config");
    assertEquals(STREAM, JsonValueUtils.readString(config, "name"));
  }

  @Test
  void aStreamThatOthersStillMakeIsAskedForAgain() {
    LinkException why = refused(Api.OTHER_STREAM);
    assertEquals(LinkException.Kind.NO_ANSWER, why.kind());
    assertEquals(STREAM + " is being made by another client", why.getMessage());
  }

  @Test
  void anotherStreamWithTheSameSubjectsIsAnError() {
    LinkException why = refused(Api.OVERLAP);
    assertEquals(LinkException.Kind.REFUSED, why.kind());
    assertEquals(Api.OVERLAP, why.code());
  }
}
