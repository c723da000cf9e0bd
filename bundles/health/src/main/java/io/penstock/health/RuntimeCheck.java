// SPDX-License-Identifier: Apache-2.0
package io.penstock.health;

import io.penstock.runtime.PenstockRuntime;
import io.penstock.runtime.RuntimeDTO;
import io.penstock.spi.Messages;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apache.felix.hc.api.HealthCheck;
import org.apache.felix.hc.api.Result;
import org.apache.felix.hc.api.ResultLog;

/** One of the checks. Safe for use by any thread. */
final class RuntimeCheck implements HealthCheck {
  /** A thousand lines would hide what they tell. */
  private static final int MOST = 20;

  private final HealthSubject subject;
  private final PenstockRuntime runtime;
  private final Supplier<Thresholds> limits;
  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock.
  private final History history = new History();

  RuntimeCheck(HealthSubject subject, PenstockRuntime runtime, Supplier<Thresholds> limits) {
    this.subject = subject;
    this.runtime = runtime;
    this.limits = limits;
  }

  @Override
  public Result execute() {
    List<Finding> findings;
    RuntimeDTO all;
    lock.lock();
    try {
      // Looks in the order of their times, or the history would be wrong.
      all = runtime.runtime();
      findings = subject.look(all, limits.get(), history);
    } finally {
      lock.unlock();
    }
    ResultLog log = new ResultLog();
    for (Finding each : findings.subList(0, Math.min(MOST, findings.size()))) {
      add(log, each.critical(), each.reason());
    }
    if (findings.size() > MOST) {
      List<Finding> rest = findings.subList(MOST, findings.size());
      add(log, rest.get(0).critical(), rest.size() + " more, as PenstockRuntime tells");
    }
    if (findings.isEmpty()) {
      log.add(new ResultLog.Entry(Result.Status.OK, subject.fine(all)));
    }
    return new Result(log);
  }

  private static void add(ResultLog log, boolean critical, String reason) {
    log.add(
        new ResultLog.Entry(
            critical ? Result.Status.CRITICAL : Result.Status.WARN, Messages.visible(reason)));
  }
}
