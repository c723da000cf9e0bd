// SPDX-License-Identifier: Apache-2.0
package io.penstock.durable.impl;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Whether a newcomer is let in.
 *
 * @param refused why not; null if it is
 * @param fenced those that it has taken over from
 */
record Admission(@Nullable IOException refused, List<FileContent> fenced) {}
