import { readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import ts from "typescript"

/** An exported name. */
export interface Exported {
    file: string
    name: string
    isType: boolean
    /** Uses of the name in its own file, without the declaration. */
    usesWithin: number
    /** The files that import it. */
    users: string[]
}

/** What one source declares and imports. */
interface Source {
    tree: ts.SourceFile
    /** Number of occurrences of each word. */
    words: Map<string, number>
    imports: { file: string; name: string }[]
    /** Files that it imports as a whole: it may use all their names. */
    whole: string[]
}

/** All names that these sources export, with the files that import them. */
export function exportsOf(files: readonly string[]): Exported[] {
    const known = new Set(files)
    const sources = new Map(files.map(file => [file, read(file, known)]))
    const users = new Map<string, string[]>()
    const note = (what: string, file: string) => users.set(what, [...(users.get(what) ?? []), file])
    for (const [file, source] of sources) {
        for (const one of source.imports) note(`${one.file} ${one.name}`, file)
        for (const one of source.whole) note(one, file)
    }
    return [...sources].flatMap(([file, { tree, words }]) =>
        declared(tree).map(({ name, isType }) => ({
            file,
            name,
            isType,
            usesWithin: (words.get(name) ?? 0) - 1,
            users: [...(users.get(`${file} ${name}`) ?? []), ...(users.get(file) ?? [])],
        })),
    )
}

function read(file: string, known: ReadonlySet<string>): Source {
    const tree = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true)
    const source: Source = { tree, words: new Map(), imports: [], whole: [] }
    /** The file that a text names, as a module or as a path from the root. */
    const named = (text: string): string | undefined => {
        const path = text.startsWith(".")
            ? join(dirname(file), text)
            : text.replace(/^"?\/|"$/g, "")
        return [path, path + ".ts", path + ".tsx"].map(normalize).find(one => known.has(one))
    }
    const visit = (node: ts.Node): void => {
        if (ts.isIdentifier(node))
            source.words.set(node.text, (source.words.get(node.text) ?? 0) + 1)
        const from = moduleOf(node)
        const target = from && named(from.text)
        if (target) take(node, target, source)
        else if (ts.isStringLiteral(node) && !moduleOf(node.parent)) {
            const path = named(node.text)
            if (path) source.whole.push(path)
        }
        ts.forEachChild(node, visit)
    }
    visit(tree)
    return source
}

function moduleOf(node: ts.Node): ts.StringLiteral | undefined {
    if (!ts.isImportDeclaration(node) && !ts.isExportDeclaration(node)) return undefined
    const from = node.moduleSpecifier
    return from && ts.isStringLiteral(from) ? from : undefined
}

/** Notes what an import or a re-export takes from `file`. */
function take(node: ts.Node, file: string, source: Source): void {
    const names = ts.isImportDeclaration(node)
        ? node.importClause?.namedBindings
        : (node as ts.ExportDeclaration).exportClause
    if (!names || ts.isNamespaceImport(names) || ts.isNamespaceExport(names))
        source.whole.push(file)
    else
        for (const { name, propertyName } of names.elements)
            source.imports.push({ file, name: (propertyName ?? name).text })
}

function declared(tree: ts.SourceFile): { name: string; isType: boolean }[] {
    return tree.statements.flatMap(statement => {
        const exported = ts.canHaveModifiers(statement)
            ? ts.getModifiers(statement)?.some(one => one.kind === ts.SyntaxKind.ExportKeyword)
            : false
        if (!exported) return []
        const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)
        const declarations = ts.isVariableStatement(statement)
            ? [...statement.declarationList.declarations]
            : [statement as ts.DeclarationStatement]
        return declarations.flatMap(({ name }) =>
            name && ts.isIdentifier(name) ? [{ name: name.text, isType }] : [],
        )
    })
}
