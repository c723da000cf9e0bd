// SPDX-License-Identifier: Apache-2.0
package io.penstock.build;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.codeUnits;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static java.util.Map.entry;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaMethodReference;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.penstock.impl.posix.Posix;
import java.lang.invoke.VarHandle;
import java.lang.ref.Reference;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * How memory may be touched that threads share without a lock, or that the system has been given. A
 * processor of today's kind hides a plain store where a release is meant, and a collector seldom
 * comes amid a call of the system's, so no test at run time finds that; these rules do.
 */
final class Orderings {
  /** The words that both sides look at: only through handles, whose calls name their ordering. */
  static final Map<String, Set<String>> WORDS =
      Map.of(
          "io.penstock.impl.buffer.WriterSide", Set.of("written", "writes", "highWater"),
          "io.penstock.impl.buffer.ReaderSide",
              Set.of("consumed", "copied", "freed", "givenConsumed", "reads"),
          "io.penstock.impl.core.TurnWord", Set.of("state"),
          "io.penstock.impl.core.LightTurn", Set.of("state"));

  /** What publishing, and looking at what was published, must be done with: all of these calls. */
  static final Map<String, Set<String>> CALLS =
      Map.ofEntries(
          entry("io.penstock.impl.buffer.Cursors.written", Set.of("getAcquire")),
          entry("io.penstock.impl.buffer.Cursors.consumed", Set.of("getAcquire")),
          entry("io.penstock.impl.buffer.Cursors.copied", Set.of("getAcquire")),
          entry("io.penstock.impl.buffer.Cursors.setCopied", Set.of("setRelease")),
          entry("io.penstock.impl.buffer.Cursors.freed", Set.of("getAcquire")),
          entry("io.penstock.impl.buffer.Cursors.setFreed", Set.of("setRelease")),
          entry("io.penstock.impl.buffer.Cursors.publishWritten", Set.of("compareAndSet")),
          entry("io.penstock.impl.buffer.Cursors.publishConsumed", Set.of("compareAndSet")),
          entry("io.penstock.impl.buffer.Cursors.markWritten", Set.of("getAndBitwiseOr")),
          entry("io.penstock.impl.buffer.Cursors.markConsumed", Set.of("getAndBitwiseOr")),
          entry("io.penstock.impl.buffer.Cursors.unmarkWritten", Set.of("getAndBitwiseAnd")),
          entry("io.penstock.impl.buffer.Cursors.givenConsumed", Set.of("getAcquire")),
          entry(
              "io.penstock.impl.buffer.Cursors.addGivenConsumed",
              Set.of("getOpaque", "setRelease")),
          entry("io.penstock.impl.buffer.MemoryPipe.ending", Set.of("fullFence")),
          entry("io.penstock.impl.buffer.Slots.store", Set.of("setRelease")),
          entry("io.penstock.impl.core.ApartTurn.replace", Set.of("compareAndSet")),
          entry("io.penstock.impl.core.LightTurn.replace", Set.of("compareAndSet")),
          entry("io.penstock.impl.core.Wakeable.announce", Set.of("setVolatile", "fullFence")));

  /**
   * What may ask where a buffer's memory is and leave it to others to keep the buffer until the
   * system has done with it.
   */
  static final Set<String> KEPT_BY_OTHERS =
      Set.of(
          // A field, kept by each call that uses it.
          "io.penstock.impl.posix.Message.<init>",
          // By a list that is kept until the child was started.
          "io.penstock.impl.posix.Spawn.<init>",
          "io.penstock.impl.posix.Spawn.signals",
          "io.penstock.impl.posix.Spawn.text",
          "io.penstock.impl.posix.Spawn.texts");

  static final Map<String, ArchRule> RULES =
      Map.of(
          "shared words are touched through handles only",
          noClasses()
              .that()
              .resideInAPackage("io.penstock.impl..")
              .should()
              .accessFieldWhere(isWord()),
          "no handle is used for a plain access",
          noClasses()
              .that()
              .resideInAPackage("io.penstock.impl..")
              .should()
              .callMethodWhere(isPlain()),
          "what gives the system memory keeps it until the call has returned",
          codeUnits()
              .that(DescribedPredicate.describe("give memory away", Orderings::givesMemoryAway))
              .should(keepIt()),
          "what publishes uses the ordering that it must",
          methods()
              .that(DescribedPredicate.describe("publish", m -> CALLS.containsKey(name(m))))
              .should(useTheirCalls()));

  private Orderings() {}

  static String name(JavaCodeUnit method) {
    return method.getOwner().getName() + "." + method.getName();
  }

  private static DescribedPredicate<JavaFieldAccess> isWord() {
    // The byte code names the class by which a field was reached, not the one that declares it.
    return DescribedPredicate.describe(
        "is a shared word",
        access ->
            access
                .getTarget()
                .resolveMember()
                .map(
                    field ->
                        WORDS
                            .getOrDefault(field.getOwner().getName(), Set.of())
                            .contains(field.getName()))
                .orElse(false));
  }

  private static boolean isOfHandle(JavaMethodCall call) {
    return call.getTargetOwner().isEquivalentTo(VarHandle.class);
  }

  private static DescribedPredicate<JavaMethodCall> isPlain() {
    return DescribedPredicate.describe(
        "is plain",
        call -> isOfHandle(call) && Set.of("get", "set").contains(call.getTarget().getName()));
  }

  static boolean givesMemoryAway(JavaCodeUnit code) {
    return calls(code, Posix.class, "address")
        || code.getMethodReferencesFromSelf().stream()
            .map(JavaMethodReference::getTarget)
            .anyMatch(to -> is(to, Posix.class, "address"));
  }

  private static boolean calls(JavaCodeUnit code, Class<?> owner, String name) {
    return code.getMethodCallsFromSelf().stream()
        .map(JavaMethodCall::getTarget)
        .anyMatch(to -> is(to, owner, name));
  }

  private static boolean is(AccessTarget to, Class<?> owner, String name) {
    return to.getOwner().isAssignableTo(owner) && to.getName().equals(name);
  }

  private static ArchCondition<JavaCodeUnit> keepIt() {
    return new ArchCondition<>("keep it by a reachabilityFence") {
      @Override
      public void check(JavaCodeUnit code, ConditionEvents events) {
        events.add(
            new SimpleConditionEvent(
                code,
                calls(code, Reference.class, "reachabilityFence")
                    || KEPT_BY_OTHERS.contains(name(code)),
                code.getFullName() + " asks for an address, expected a reachabilityFence, too"));
      }
    };
  }

  private static ArchCondition<JavaMethod> useTheirCalls() {
    return new ArchCondition<>("use the calls that are listed for them") {
      @Override
      public void check(JavaMethod method, ConditionEvents events) {
        Set<String> calls = new TreeSet<>();
        for (JavaMethodCall call : method.getMethodCallsFromSelf()) {
          if (isOfHandle(call)) {
            calls.add(call.getTarget().getName());
          }
        }
        Set<String> expected = CALLS.get(name(method));
        events.add(
            new SimpleConditionEvent(
                method,
                calls.equals(expected),
                name(method) + " uses " + calls + ", expected " + expected));
      }
    };
  }
}
