// SPDX-License-Identifier: Apache-2.0
package io.penstock.nats.impl.link;

import io.nats.client.Message;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Questions that wait for their answers. A server answers none that the rights do not allow; it
 * only says so, by an error of the connection. Safe for use by any thread.
 */
final class Asked {
  private static final Pattern DENIED =
      Pattern.compile(
          "permissions violation for publish to \"([^\"]+)\"", Pattern.CASE_INSENSITIVE);

  private final Set<Question> waiting = ConcurrentHashMap.newKeySet();

  /** One of them; equal to no other. */
  private static final class Question {
    final CompletableFuture<Message> answer;
    final String subject;

    Question(CompletableFuture<Message> answer, String subject) {
      this.answer = answer;
      this.subject = subject;
    }
  }

  CompletableFuture<Message> add(CompletableFuture<Message> answer, String subject) {
    Question question = new Question(answer, subject);
    waiting.add(question);
    CompletableFuture<Message> unused =
        answer.whenComplete((message, failure) -> waiting.remove(question));
    return answer;
  }

  /** The questions that an error of the connection is about. */
  List<CompletableFuture<Message>> denied(String error) {
    Matcher found = DENIED.matcher(error);
    if (!found.find()) {
      return List.of();
    }
    String subject = found.group(1);
    return waiting.stream()
        .filter(each -> each.subject.equals(subject))
        .map(each -> each.answer)
        .toList();
  }
}
