import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.LogManager;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.RuleId;
import org.verapdf.pdfa.flavours.PDFAFlavour;

/**
 * Judges PDF/A files with veraPDF: reads lines "FLAVOUR TAB PATH", answers each with the rules that
 * are broken, one a line ("CLAUSE-TEST TAB DESCRIPTION TAB WHERE"), and a line with a dot at the end.
 */
public final class Judge {
    private Judge() {}

    public static void main(String[] arguments) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what the library prints must not get between the answers
        LogManager.getLogManager().getLogger("").setLevel(Level.OFF);
        VeraGreenfieldFoundryProvider.initialise();
        BufferedReader requests =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            String[] parts = line.split("\t", 2);
            for (String broken : judge(PDFAFlavour.byFlavourId(parts[0]), parts[1])) {
                answers.println(broken);
            }
            answers.println(".");
        }
    }

    private static TreeSet<String> judge(PDFAFlavour flavour, String path) {
        TreeSet<String> broken = new TreeSet<>();
        try (InputStream file = new FileInputStream(path);
             PDFAParser parser = Foundries.defaultInstance().createParser(file, flavour);
             PDFAValidator validator = Foundries.defaultInstance().createValidator(flavour, false)) {
            ValidationResult result = validator.validate(parser);
            for (TestAssertion assertion : result.getTestAssertions()) {
                if (assertion.getStatus() == TestAssertion.Status.FAILED) {
                    RuleId rule = assertion.getRuleId();
                    broken.add(rule.getClause() + "-" + rule.getTestNumber() + "\t"
                        + plain(assertion.getMessage()) + "\t" + plain(assertion.getLocation().getContext()));
                }
            }
            if (broken.isEmpty() && !result.isCompliant()) {
                broken.add("not-compliant\t\t");
            }
        } catch (Exception | StackOverflowError failure) {
            broken.add("unreadable\t" + plain(String.valueOf(failure)) + "\t");
        }
        return broken;
    }

    private static String plain(String text) {
        return text == null ? "" : text.replaceAll("\\s+", " ");
    }
}
