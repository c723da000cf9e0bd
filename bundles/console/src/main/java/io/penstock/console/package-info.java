// SPDX-License-Identifier: Apache-2.0
/**
 * The operator's page: in the Felix Web Console, or with a server of its own. A separate, optional
 * bundle, of which other bundles use nothing.
 */
@NullMarked
package io.penstock.console;

import org.jspecify.annotations.NullMarked;
