// SPDX-License-Identifier: Apache-2.0
/**
 * Views over ends: streams, text, files, peeking, and reactive streams. They use only the public
 * contract of an end. Their maker hands them what that contract lacks: to put bytes back, to cut a
 * stream, and to be told when a try is worthwhile.
 */
@NullMarked
package io.penstock.impl.view;

import org.jspecify.annotations.NullMarked;
