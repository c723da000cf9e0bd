// SPDX-License-Identifier: Apache-2.0
package io.penstock.impl.component;

import io.penstock.spi.LogOutlet;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.osgi.service.log.Logger;
import org.osgi.service.log.LoggerFactory;

/**
 * Hands lines to the OSGi Log Service. No other class knows the types of the service, so that they
 * need not be there.
 */
final class LogServiceOutlet implements LogOutlet {
  private final LoggerFactory factory;

  /** Takes a service that was found by the name of its class. */
  LogServiceOutlet(Object service) {
    this.factory = (LoggerFactory) service;
  }

  @Override
  public boolean isLoggable(String logger, Level level) {
    Logger service = factory.getLogger(logger);
    return switch (level) {
      case OFF -> false;
      case ERROR -> service.isErrorEnabled();
      case WARNING -> service.isWarnEnabled();
      case INFO -> service.isInfoEnabled();
      case DEBUG -> service.isDebugEnabled();
      case TRACE, ALL -> service.isTraceEnabled();
    };
  }

  @Override
  public void log(
      String logger, Level level, String format, List<?> arguments, @Nullable Throwable failure) {
    Logger service = factory.getLogger(logger);
    List<@Nullable Object> all = new ArrayList<>(arguments);
    String text = format;
    if (all.isEmpty()) {
      // The text may have braces of its own.
      all.add(format);
      text = "{}";
    }
    if (failure != null) {
      all.add(failure);
    }
    @Nullable Object[] given = all.toArray();
    switch (level) {
      case OFF -> {}
      case ERROR -> service.error(text, given);
      case WARNING -> service.warn(text, given);
      case INFO -> service.info(text, given);
      case DEBUG -> service.debug(text, given);
      case TRACE, ALL -> service.trace(text, given);
    }
  }
}
