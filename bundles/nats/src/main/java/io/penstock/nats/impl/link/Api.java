// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import io.nats.client.Message;
import io.nats.client.impl.Headers;
import io.nats.client.impl.NatsMessage;
import io.nats.client.support.JsonParseException;
import io.nats.client.support.JsonParser;
import io.nats.client.support.JsonValue;
import io.nats.client.support.JsonValueUtils;
import io.nats.client.support.JsonValueUtils.MapBuilder;
import io.penstock.spi.Messages;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The server's API of streams: requests and answers in JSON. */
public final class Api {
  private static final System.Logger LOG = Messages.log("nats");

  /** The server's number for a stream that is not there. */
  public static final int NO_STREAM = 10059;

  /** For a message that is not there. */
  public static final int NO_MESSAGE = 10037;

  /** For a stream that is there in another form. */
  public static final int OTHER_STREAM = 10058;

  /**
   * For a stream with subjects that another one has. A single server may say so of the stream
   * itself, too, while two clients make it.
   */
  public static final int OVERLAP = 10065;

  /** For a publication that expected another last message; also one that is still on its way. */
  public static final int WRONG_LAST = 10071;

  /**
   * What newer servers say where the other message is still on its way among them: no number of it.
   */
  private static final int WRONG_LAST_ON_THE_WAY = 10164;

  /** For a stream that asks for more servers than are there; one may just have come back. */
  public static final int NO_PEERS = 10005;

  /** For a publication for which there is no room. */
  public static final int FULL = 10077;

  private static final String PREFIX = "$JS.API.";

  /** Servers without a leader do not answer at all; two such waits are to fit in an opening. */
  private static final Duration ANSWER = Duration.ofSeconds(2);

  private Api() {}

  /** An object to be filled. */
  public static MapBuilder object() {
    return JsonValueUtils.mapBuilder();
  }

  /** An array of texts. */
  public static JsonValue texts(String... texts) {
    return new JsonValue(Arrays.stream(texts).map(JsonValue::new).toList());
  }

  /**
   * Asks.
   *
   * @param what such as {@code STREAM.INFO.name}
   * @return completes with the answer; fails with {@link LinkException}
   */
  public static CompletableFuture<JsonValue> ask(Link link, String what, String json) {
    return ask(link, what, json, ANSWER);
  }

  /** The same, with a limit for the answer. */
  public static CompletableFuture<JsonValue> ask(
      Link link, String what, String json, Duration limit) {
    return link.ask(PREFIX + what, null, json.getBytes(StandardCharsets.UTF_8), limit)
        .thenCompose(answer -> parsed(what, answer.getData()));
  }

  /** The answer, or the failure that it tells of. */
  public static CompletableFuture<JsonValue> parsed(String what, byte[] answer) {
    JsonValue value;
    try {
      value = JsonParser.parse(answer);
    } catch (JsonParseException e) {
      return CompletableFuture.failedFuture(
          new LinkException(
              LinkException.Kind.REFUSED, 0, what + ": the answer cannot be read", e));
    }
    JsonValue error = JsonValueUtils.readObject(value, "error");
    if (error != null && error.map != null && !error.map.isEmpty()) {
      int told = JsonValueUtils.readInteger(error, "err_code", -1);
      int code = told == WRONG_LAST_ON_THE_WAY ? WRONG_LAST : told;
      String text = JsonValueUtils.readString(error, "description", "refused");
      return CompletableFuture.failedFuture(
          new LinkException(LinkException.Kind.REFUSED, code, what + ": " + text, null));
    }
    return CompletableFuture.completedFuture(value);
  }

  /**
   * Makes a stream if it is not there.
   *
   * @param config of a new one
   * @return completes with what the server tells of it
   */
  public static CompletableFuture<JsonValue> ensure(Link link, String stream, MapBuilder config) {
    return info(link, stream)
        .exceptionallyCompose(
            failure ->
                code(failure) == NO_STREAM
                    ? ask(link, "STREAM.CREATE." + stream, config.put("name", stream).toJson())
                        .exceptionallyCompose(
                            refused ->
                                code(refused) == OTHER_STREAM || code(refused) == OVERLAP
                                    // Another client was quicker.
                                    ? made(link, stream, refused)
                                    : CompletableFuture.failedFuture(refused))
                    : CompletableFuture.failedFuture(failure));
  }

  /** A stream that another client has just made may not be there yet. */
  private static CompletableFuture<JsonValue> made(Link link, String stream, Throwable refused) {
    return info(link, stream)
        .exceptionallyCompose(
            failure -> {
              Throwable why = cause(failure);
              if (code(failure) == NO_STREAM) {
                why =
                    code(refused) == OVERLAP
                        ? overlap(stream, cause(refused))
                        : new LinkException(
                            LinkException.Kind.NO_ANSWER,
                            0,
                            stream + " is being made by another client",
                            failure);
              }
              return CompletableFuture.failedFuture(why);
            });
  }

  private static LinkException overlap(String stream, Throwable refused) {
    return new LinkException(
        LinkException.Kind.REFUSED,
        OVERLAP,
        refused.getMessage() + ", which is not " + stream + "; remove or change that one",
        refused);
  }

  /** What the server tells of a stream. */
  public static CompletableFuture<JsonValue> info(Link link, String stream) {
    return ask(link, "STREAM.INFO." + stream, "");
  }

  /**
   * A message as the leader of a stream has it.
   *
   * @param sequence 0 if there is none
   * @param message null if there is none
   */
  public record Stored(long sequence, @Nullable Message message) {}

  private static final Stored NONE = new Stored(0, null);

  /**
   * Asks the leader of a stream for a message.
   *
   * @param which its number or its subject, as {@code STREAM.MSG.GET} takes them
   */
  public static CompletableFuture<Stored> message(Link link, String stream, MapBuilder which) {
    return message(link, stream, which, ANSWER);
  }

  /** The same, with a limit for the answer. */
  public static CompletableFuture<Stored> message(
      Link link, String stream, MapBuilder which, Duration limit) {
    return ask(link, "STREAM.MSG.GET." + stream, which.toJson(), limit)
        .thenApply(
            answer -> {
              JsonValue found = JsonValueUtils.readObject(answer, "message");
              return found == null
                  ? NONE
                  : new Stored(
                      JsonValueUtils.readLong(found, "seq", 0),
                      NatsMessage.builder()
                          .subject(JsonValueUtils.readString(found, "subject", stream))
                          .headers(headers(JsonValueUtils.readBase64(found, "hdrs")))
                          .data(JsonValueUtils.readBase64(found, "data"))
                          .build());
            })
        .exceptionallyCompose(
            failure ->
                code(failure) == NO_MESSAGE
                    ? CompletableFuture.completedFuture(NONE)
                    : CompletableFuture.failedFuture(failure));
  }

  /** Headers as they are on the wire: a line for the version, and one for each. */
  private static @Nullable Headers headers(byte @Nullable [] wire) {
    if (wire == null) {
      return null;
    }
    Headers headers = new Headers();
    for (String line : new String(wire, StandardCharsets.UTF_8).split("\r\n", -1)) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        headers.add(line.substring(0, colon), line.substring(colon + 1).strip());
      }
    }
    return headers;
  }

  /** The server's number of an error; 0 if it is none of the server's. */
  public static int code(Throwable failure) {
    return cause(failure) instanceof LinkException known ? known.code() : 0;
  }

  /** Goes on with a value or with a failure, one of which is null. */
  public static <A, B> CompletableFuture<B> either(
      CompletableFuture<A> stage,
      BiFunction<@Nullable A, @Nullable Throwable, CompletableFuture<B>> next) {
    return stage
        .handle((value, failure) -> new Either<>(value, failure == null ? null : cause(failure)))
        .thenCompose(each -> next.apply(each.value(), each.failure()));
  }

  /** What a stage has come to. */
  private record Either<A>(@Nullable A value, @Nullable Throwable failure) {}

  /**
   * Ends a chain with a value or with a failure, one of which is null. Nobody waits for what comes
   * of it, so a fault of our own is told here.
   */
  public static <T> void end(
      Link link, CompletableFuture<T> stage, BiConsumer<T, @Nullable Throwable> last) {
    CompletableFuture<T> unused =
        stage.whenComplete(
            (value, failure) -> {
              Throwable why = failure == null ? null : cause(failure);
              if (why != null && !(why instanceof IOException)) {
                bug(link, why);
              }
              try {
                last.accept(value, why);
              } catch (RuntimeException | Error e) {
                bug(link, e);
              }
            });
  }

  /** Tells of a fault of our own. */
  public static void bug(Link link, Throwable why) {
    LOG.log(Level.ERROR, link + ": a step failed; report this as a bug", why);
  }

  /** A failure without what stages have put around it. */
  public static Throwable cause(Throwable failure) {
    Throwable cause = failure.getCause();
    return failure instanceof java.util.concurrent.CompletionException && cause != null
        ? cause
        : failure;
  }
}
