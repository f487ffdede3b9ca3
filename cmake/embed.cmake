# cmake -DFOLDER=F -DFILES="a;b/c" -DHEADER=H -DARRAY=A -DOUTPUT=O -P embed.cmake: C source O with the contents of the files of folder F, as the array
# `const struct embedded A[]` and its length `A_count`; H declares both.
set(contents "")
set(table "")
set(number 0)
foreach(file IN LISTS FILES)
    file(READ ${FOLDER}/${file} hex HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
    string(APPEND contents "static const unsigned char file_${number}[] = {${bytes}};\n")
    string(APPEND table "    {\"${file}\", file_${number}, sizeof file_${number}},\n")
    math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"${HEADER}\"\n\n${contents}\nconst struct embedded ${ARRAY}[] = {\n${table}};\nconst size_t ${ARRAY}_count = ${number};\n")
