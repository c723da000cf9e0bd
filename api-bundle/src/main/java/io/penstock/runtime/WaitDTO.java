// SPDX-License-Identifier: Apache-2.0
package io.penstock.runtime;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A thread that waits at an end. Immutable.
 *
 * @param thread its name
 * @param since when it began to wait, in milliseconds since 1970
 * @param stack where it is now, the innermost call first; empty if it has gone on meanwhile
 */
@ProviderType
public record WaitDTO(String thread, long since, List<String> stack) {}
