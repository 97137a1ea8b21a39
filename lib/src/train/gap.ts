/** The gap between training and test set, where two runs have come equally far: at one training loss. */
import { expectOptions, needed, type Options, positive } from '../core/checks';
import { expectHistory, type Evaluation, type History } from './history';

/** What {@link gapAtLoss} finds. */
export interface GapAtLoss {
  /** Steps to the training loss; a share of a step where it was passed between two looks. */
  step: number;
  /** Test loss minus training loss there, in nats. */
  loss: number;
  /** Training accuracy minus test accuracy there. */
  accuracy: number;
  /** Test accuracy there. */
  test: number;
}

const GAP_OPTIONS: Options<{ loss: number }> = { loss: needed(positive) };

/**
 * Test loss minus training loss where the training loss first gets down to a level, both at inference: what regularization is compared by.
 * At equal steps a network that has learned less has the smaller gap for that reason alone. Between two looks the logarithm of the
 * training loss is taken as straight, and so are the gaps themselves, so that a run that is as far on both sets has none.
 *
 * @param history of a run with `evaluate: { every, train: n }`, n the examples of the training set that are looked at
 * @returns null where the level was not reached
 * @example gapAtLoss(history, { loss: 0.1 })?.loss
 * @throws RangeError for a history without scores of the training set
 */
export function gapAtLoss(history: History, options: { loss: number }): GapAtLoss | null {
  expectHistory('gapAtLoss', history);
  expectOptions('gapAtLoss', options, GAP_OPTIONS);
  const looks = history.evaluations.map(at);
  const k = looks.findIndex(({ training }) => training <= options.loss);
  if (k < 0) return null;
  const after = looks[k];
  const before = k === 0 ? after : looks[k - 1];
  const share =
    k === 0
      ? 0
      : Math.log(before.training / options.loss) / Math.log(before.training / Math.max(after.training, 1e-30));
  const between = (of: keyof ReturnType<typeof at>) => before[of] + share * (after[of] - before[of]);
  const [step, accuracy, test] = [between('step'), between('gap'), between('accuracy')];
  return { step, loss: between('gapOfLoss'), accuracy, test };
}

function at({ step, train, test }: Evaluation) {
  if (!train) {
    throw new RangeError(
      'gapAtLoss: the history has no scores of the training set; train with evaluate: { train: n }.',
    );
  }
  const number = (value: number | null) => value ?? Infinity;
  const [onTrain, onTest] = [train.accuracy ?? NaN, test.accuracy ?? NaN];
  const [training, gapOfLoss] = [number(train.loss), number(test.loss) - number(train.loss)];
  return { step, training, gapOfLoss, gap: onTrain - onTest, accuracy: onTest };
}
